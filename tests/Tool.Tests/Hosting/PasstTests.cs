using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>The real passt behind <c>vmbus host --device net=PATH</c>: this machine's network, without root.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class PasstTests : IDisposable
{
    private static readonly byte[] Mac = [0x00, 0x15, 0x5D, 1, 2, 3];

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"vmbus-passt-{Guid.NewGuid():N}");
    private readonly StringBuilder _said = new();
    private Process? _passt;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (_passt is not null)
        {
            _passt.Kill();
            _passt.WaitForExit();
            _passt.Dispose();
        }
        File.Delete(_path);
    }

    // By hand what a guest's kernel does: an ARP request, a handshake, a segment each way.
    [Fact]
    public async Task A_guest_reaches_a_server_of_this_machine()
    {
        await StartAsync();
        (IPAddress own, IPAddress router) = (Said("assign"), Said("router"));
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        ushort port = (ushort)((IPEndPoint)server.LocalEndpoint).Port;
        await using StreamLink link = StreamLink.Connect(_path);

        Send(link, [.. Enumerable.Repeat((byte)0xFF, 6), .. Mac, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, .. Mac, .. own.GetAddressBytes(), 0, 0, 0, 0, 0, 0, .. router.GetAddressBytes()]);
        byte[] arp = await ReceiveAsync(link, frame => frame[12] == 8 && frame[13] == 6);
        byte[] gateway = arp[22..28];
        Assert.Equal(router.GetAddressBytes(), arp[28..32]);

        // passt takes what is sent to the router for this machine's own loopback.
        byte[] Segment(uint sequence, uint acknowledged, byte flags, string data) => Tcp(gateway, own, router, 40_000, port, sequence, acknowledged, flags, Encoding.ASCII.GetBytes(data));
        Task<Socket> accepting = server.AcceptSocketAsync(Token).AsTask();
        Send(link, Segment(1000, 0, 0x02, ""));
        byte[] answered = await ReceiveAsync(link, frame => IsTcp(frame, port) && (frame[47] & 0x12) == 0x12);
        Assert.Equal(1001u, BinaryPrimitives.ReadUInt32BigEndian(answered.AsSpan(42)));
        uint next = BinaryPrimitives.ReadUInt32BigEndian(answered.AsSpan(38)) + 1;
        Send(link, Segment(1001, next, 0x10, ""));
        Send(link, Segment(1001, next, 0x18, "hello"));
        using Socket client = await accepting.WaitAsync(Patience.Limit, Token);
        var got = new byte[5];
        for (int at = 0; at < got.Length;)
            at += await client.ReceiveAsync(got.AsMemory(at), SocketFlags.None, Token);
        Assert.Equal("hello"u8.ToArray(), got);
        await client.SendAsync("world"u8.ToArray(), SocketFlags.None, Token);
        byte[] data = await ReceiveAsync(link, frame => IsTcp(frame, port) && frame.Length >= 59);
        Assert.Equal("world"u8.ToArray(), data[54..59]);
    }

    private async Task StartAsync()
    {
        try
        {
            _passt = Process.Start(new ProcessStartInfo("passt", ["--foreground", "--socket", _path]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        }
        catch (Win32Exception) when (Environment.GetEnvironmentVariable("VMBUS_PEERS") != "required")
        {
            Assert.Skip("passt is not installed (bench/install-peers.sh).");
        }
        _passt!.ErrorDataReceived += (_, line) =>
        {
            lock (_said)
                _said.AppendLine(line.Data);
        };
        _passt.BeginErrorReadLine();
        for (var limit = Stopwatch.StartNew(); !IsBound(); await Task.Delay(5, Token))
            Assert.True(!_passt.HasExited && limit.Elapsed < Patience.Limit, Said());
    }

    // What it says last, before it waits for a connection.
    private bool IsBound() => File.Exists(_path) && Said().Contains("You can now start", StringComparison.Ordinal);

    private string Said()
    {
        lock (_said)
            return _said.ToString();
    }

    private IPAddress Said(string what) => IPAddress.Parse(Address().Matches(Said()).First(match => match.Groups[1].Value == what).Groups[2].Value);

    [GeneratedRegex(@"(assign|router): (\d+\.\d+\.\d+\.\d+)")]
    private static partial Regex Address();

    private static void Send(StreamLink link, byte[] frame)
    {
        Assert.True(link.TrySend(frame));
        link.Flush();
    }

    private static async Task<byte[]> ReceiveAsync(StreamLink link, Func<byte[], bool> isWanted)
    {
        var frame = new byte[70_000];
        while (true)
        {
            int length;
            while (!link.TryReceive(frame, out length))
                await link.WaitToReceiveAsync(Token).AsTask().WaitAsync(Patience.Limit, Token);
            if (length >= 42 && isWanted(frame[..length]))
                return frame[..length];
        }
    }

    private static bool IsTcp(byte[] frame, ushort port) =>
        frame.Length >= 54 && frame[12] == 8 && frame[13] == 0 && frame[23] == 6 && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(34)) == port;

    private static byte[] Tcp(byte[] to, IPAddress source, IPAddress destination, ushort sourcePort, ushort port, uint sequence, uint acknowledged, byte flags, byte[] data)
    {
        var segment = new byte[20 + data.Length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), port);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledged);
        segment[12] = 5 << 4;
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 65535);
        data.CopyTo(segment, 20);
        byte[] pseudo = [.. source.GetAddressBytes(), .. destination.GetAddressBytes(), 0, 6, (byte)(segment.Length >> 8), (byte)segment.Length, .. segment];
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), Checksum(pseudo));
        byte[] head = [0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, .. source.GetAddressBytes(), .. destination.GetAddressBytes()];
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(2), (ushort)(head.Length + segment.Length));
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(10), Checksum(head));
        return [.. to, .. Mac, 8, 0, .. head, .. segment];
    }

    private static ushort Checksum(byte[] bytes)
    {
        uint sum = 0;
        for (int at = 0; at < bytes.Length; at += 2)
            sum += (uint)(bytes[at] << 8 | (at + 1 < bytes.Length ? bytes[at + 1] : 0));
        while (sum > 0xFFFF)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
