// hv_kvp.c without a kernel: UTF-16 of the host's becomes UTF-8 (kvp_send_key), and back (kvp_respond_to_host), at the
// offsets that the compiled driver of Debian's 6.12 reads and writes.

using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Integration;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
internal sealed class StandInKvpKernel : StandInUtil<StandInKvpKernel.Answer>
{
    private const int MessageLength = 7432;
    private const int Body = 4;

    // Within the body: of an adapter's addresses, after 256 bytes of name.
    private static readonly (int Offset, int Length)[] AddressTexts = [(0, 256), (258, 2048), (2306, 2048), (4354, 1024), (5378, 2048)];

    private byte _operation;

    public byte[] GreetingAnswer { get; } = Greeting("3.1");

    public byte[]? GreetingSeen { get; private set; }

    public Answer Get(byte pool, string key) => Ask(0, pool, body => WriteKey(body, 4, 12, key));

    public Answer Set(byte pool, string key, string value) => Ask(1, pool, body =>
    {
        WriteKey(body, 4, 12, key);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(Body + 8), Write(body, Body + 12 + 512, 2047, value) + 1);
    });

    public Answer Delete(byte pool, string key) => Ask(2, pool, body => WriteKey(body, 0, 4, key));

    public Answer Enumerate(byte pool, uint index) => Ask(3, pool, body => BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(Body), index));

    public Answer GetAddresses(string adapter, byte family) => Ask(4, 0, body =>
    {
        Write(body, Body, 128, adapter);
        body[Body + 256] = family;
    });

    public Answer SetAddresses(KvpAddresses addresses) => Ask(5, 0, body =>
    {
        Write(body, Body, 128, addresses.AdapterId);
        body[Body + 256] = (byte)addresses.Family;
        body[Body + 257] = addresses.IsDhcpEnabled ? (byte)1 : (byte)0;
        string[] texts = [addresses.Addresses, addresses.Subnets, addresses.Gateways, addresses.DnsServers];
        for (int i = 0; i < texts.Length; i++)
            Write(body, Body + AddressTexts[i + 1].Offset, AddressTexts[i + 1].Length / 2, texts[i]);
    });

    /// <summary>A message as it comes, whatever it says.</summary>
    public Answer Ask(byte operation, byte pool, Action<byte[]> fill) => Ask(Make(operation, pool, fill));

    /// <summary>Asks for a value, and waits for no answer: the time is up, or the guest sleeps.</summary>
    public void RequestGet(byte pool, string key) => Send(Make(0, pool, body => WriteKey(body, 4, 12, key)));

    protected override Errno OnMessage(ReadOnlySpan<byte> message)
    {
        if (message.Length < MessageLength)
            return Errno.InvalidArgument;
        if (!IsReady)
        {
            GreetingSeen = message.ToArray();
            if (message[0] is not (4 or 100))
                return Errno.InvalidArgument;
            Send(GreetingAnswer, BecomeReady);
            return Errno.None;
        }

        var status = (IcStatus)BinaryPrimitives.ReadUInt32LittleEndian(message);
        if (status != IcStatus.Success)
            return Complete(new Answer(status));
        switch (_operation)
        {
            case 0:
                return Complete(new Answer(status, Value: Read(message[(Body + 16 + 512)..], 1022)));   // where an enumeration's is
            case 3:
                return Complete(new Answer(status, Read(message[(Body + 16)..], 254), Read(message[(Body + 16 + 512)..], 1022)));
            case 4:
                string[] texts = new string[AddressTexts.Length];
                for (int i = 0; i < texts.Length; i++)
                    texts[i] = Read(message[(Body + AddressTexts[i].Offset)..], AddressTexts[i].Length / 2);
                return Complete(new Answer(status, Addresses: new KvpAddresses
                {
                    AdapterId = texts[0],
                    Family = (IcKvpAddressFamily)message[Body + 256],
                    IsDhcpEnabled = message[Body + 257] != 0,
                    Addresses = texts[1],
                    Subnets = texts[2],
                    Gateways = texts[3],
                    DnsServers = texts[4],
                }));
            default:
                return Complete(new Answer(status));
        }
    }

    private byte[] Make(byte operation, byte pool, Action<byte[]> fill)
    {
        byte[] message = new byte[MessageLength];
        (message[0], message[1]) = (operation, pool);
        fill(message);
        _operation = operation;
        return message;
    }

    private static byte[] Greeting(string version)
    {
        byte[] message = new byte[MessageLength];
        message[0] = 100;
        Encoding.ASCII.GetBytes(version, message.AsSpan(Body));
        return message;
    }

    private static void WriteKey(byte[] body, int length, int key, string text)
        => BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(Body + length), Write(body, Body + key, 511, text) + 1);

    // utf16s_to_utf8s: whole characters, as many as fit.
    private static int Write(byte[] body, int at, int room, string text)
    {
        System.Text.Unicode.Utf8.FromUtf16(text, body.AsSpan(at, room), out _, out int written);
        return written;
    }

    // strlen, then utf8s_to_utf16s into so many units.
    private static string Read(ReadOnlySpan<byte> text, int units)
    {
        string all = Encoding.UTF8.GetString(text[..text.IndexOf((byte)0)]);
        return all[..Math.Min(all.Length, units)];
    }

    internal sealed record Answer(IcStatus Status, string? Key = null, string? Value = null, KvpAddresses? Addresses = null);
}
