// The device behind --device vsock=PATH: the host's side of a guest's AF_VSOCK, by the hybrid-vsock convention of Firecracker
// (docs/vsock.md), which Cloud Hypervisor and Kata share.

using System.Globalization;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Devices;
using VmBus.Hosting;
using VmBus.InMemory;

namespace VmBus.Tool;

/// <summary>
/// Listens at a path: a client that says <c>CONNECT port</c> is connected to that port of the guest and told <c>OK port</c>. A
/// guest that connects to port P of the host is connected to the socket that listens at <c>PATH_P</c>. No client waits for
/// another. Dispose it when it is no longer offered.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class VsockDoor : IAsyncDisposable
{
    // CONNECT, a blank, a service id, a line's end, and some blanks.
    private const int LongestLine = 64;
    private static readonly TimeSpan LinePatience = TimeSpan.FromSeconds(10);

    private readonly LocalListener _listener;
    private readonly string _path;
    private readonly HostNotes _notes;
    private readonly HvSocketOptions _options;
    private readonly CancellationTokenSource _ending = new();
    private readonly HvSocketHost _sockets;
    private readonly Task _accepting;
    private long _fromClients;
    private long _fromGuest;

    /// <summary>Listens, and answers the bus's connects.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="path">Where clients connect, and how the names begin of what the guest connects to.</param>
    /// <param name="notes">Where it tells what fails.</param>
    /// <param name="options">How connections behave.</param>
    /// <exception cref="ToolException">It cannot listen there.</exception>
    public VsockDoor(HostBus bus, string path, HostNotes notes, HvSocketOptions options)
    {
        _path = path;
        _notes = notes;
        _options = options;
        try
        {
            _listener = LocalListener.Listen(path);
        }
        catch (IOException error)
        {
            throw new ToolException(error.Message, error);
        }
        _sockets = new HvSocketHost(bus, options with { Requested = ServeGuestAsync });
        _accepting = AcceptAsync();
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{_sockets.ConnectionCount} connections; {Interlocked.Read(ref _fromClients)} by clients and {Interlocked.Read(ref _fromGuest)} by the guest so far, {_sockets.RefusedConnects} of the guest refused";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        await _sockets.DisposeAsync().ConfigureAwait(false);
    }

    private async Task AcceptAsync()
    {
        var clients = new HashSet<Task>();
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(_ending.Token).ConfigureAwait(false);
                Task serving = ServeClientAsync(client);
                lock (clients)
                    clients.Add(serving);
                _ = serving.ContinueWith(ended =>
                {
                    lock (clients)
                        clients.Remove(ended);
                }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
        {
            // The door is closed.
        }
        catch (SocketException error)
        {
            _notes.Write($"vsock={_path} accepts no more clients: {error.Message}");
        }
        Task[] left;
        lock (clients)
            left = [.. clients];
        await Task.WhenAll(left).ConfigureAwait(false);
    }

    // A client of the host. What fails is told to it alone, as the convention has it: by the end of its connection.
    private async Task ServeClientAsync(Socket client)
    {
        using (client)
        {
            try
            {
                if (await ReadLineAsync(client).ConfigureAwait(false) is not { } asked)
                    return;
                await using HvSocketStream stream = await _sockets.ConnectAsync(asked.Service, _ending.Token).ConfigureAwait(false);
                Interlocked.Increment(ref _fromClients);
                await client.SendAsync(Encoding.ASCII.GetBytes($"OK {asked.Name}\n"), _ending.Token).ConfigureAwait(false);
                await stream.WriteAsync(asked.Data, _ending.Token).ConfigureAwait(false);
                await VsockRelay.RunAsync(stream, client, _options, _ending.Token).ConfigureAwait(false);
            }
            catch (Exception end) when (end is SocketException or VmBusException or OperationCanceledException or ObjectDisposedException)
            {
                // The guest does not take it, or one of the two is gone, or the door is closed.
            }
        }
    }

    private async Task<(Guid Service, string Name, ReadOnlyMemory<byte> Data)?> ReadLineAsync(Socket client)
    {
        using var limit = new CancellationTokenSource(LinePatience, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _ending.Token);
        var buffer = new byte[4096];
        int length = 0;
        int end;
        do
        {
            int read = await client.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, either.Token).ConfigureAwait(false);
            if (read == 0)
                return null;
            length += read;
            end = buffer.AsSpan(0, length).IndexOf((byte)'\n');
        }
        while (end < 0 && length < LongestLine);
        if (end is < 0 or > LongestLine || Encoding.ASCII.GetString(buffer, 0, end).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is not [var word, var name])
            return null;
        if (!word.Equals("CONNECT", StringComparison.OrdinalIgnoreCase) || !TryParse(name, out Guid service))
            return null;
        return (service, name, buffer.AsMemory(end + 1, length - end - 1));
    }

    private static bool TryParse(string name, out Guid service)
    {
        if (!uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint port))
            return Guid.TryParseExact(name, "D", out service);
        service = HvSocketService.FromPort(port);
        return true;
    }

    // A connect of the guest: refused unless its socket is there.
    private async Task ServeGuestAsync(HvSocketRequest request, CancellationToken cancellationToken)
    {
        string path = $"{_path}_{(HvSocketService.TryGetPort(request.Service, out uint port) ? port.ToString(CultureInfo.InvariantCulture) : request.Service.ToString())}";
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SocketException or ArgumentOutOfRangeException)
        {
            _notes.WriteAbout("vsock", $"the guest wants '{path}': {LocalSocketError.Explain(error)}");
            return;
        }
        try
        {
            await using HvSocketStream stream = await request.AcceptAsync(cancellationToken).ConfigureAwait(false);
            Interlocked.Increment(ref _fromGuest);
            await VsockRelay.RunAsync(stream, server, _options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception end) when (end is SocketException or VmBusException or ObjectDisposedException)
        {
            // One of the two is gone.
        }
    }
}
