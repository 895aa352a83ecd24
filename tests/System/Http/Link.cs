// How the two programs reach each other: the same ports, by AF_VSOCK in the guest, by Unix-domain sockets beside the host.

using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using VmBus.Linux;

namespace VmBus.SystemTest.Http;

/// <summary>The ports, of either side.</summary>
internal static class Ports
{
    /// <summary>Where HTTP/1.1 is spoken, and HTTP/2; and where the guest hears whether the other side has passed.</summary>
    public const uint Http1 = 8080, Http2 = 8081, Verdict = 8082;
}

/// <summary>One side's way to listen, and to the other side.</summary>
internal abstract class Link
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    /// <summary>Has Kestrel listen at a port.</summary>
    public abstract void Listen(KestrelServerOptions options, uint port, HttpProtocols protocols);

    /// <summary>Whether nothing of this side listens at a port.</summary>
    public abstract bool IsFree(uint port);

    /// <summary>Connects to a port of the other side.</summary>
    /// <returns>The connection, or null when nothing took it in time.</returns>
    public abstract Task<Stream?> TryConnectAsync(uint port, CancellationToken cancellationToken = default);

    /// <summary>Connects to a port of the other side, however busy that is; the step's limit ends it.</summary>
    public async Task<Stream> ConnectAsync(uint port, CancellationToken cancellationToken = default)
    {
        Stream? stream;
        while ((stream = await TryConnectAsync(port, cancellationToken)) is null)
        {
            Console.WriteLine($"a connect to port {port} was not taken in time, and is tried again");
            await Task.Delay(BetweenTries, cancellationToken);
        }
        Steps.Progress();
        return stream;
    }
}

/// <summary>In the guest.</summary>
internal sealed class GuestLink : Link
{
    public override void Listen(KestrelServerOptions options, uint port, HttpProtocols protocols) =>
        options.Listen(new VsockEndPoint(VsockEndPoint.AnyCid, port), listen => listen.Protocols = protocols);

    public override bool IsFree(uint port)
    {
        using Socket probe = VsockEndPoint.CreateSocket();
        try
        {
            probe.Bind(new VsockEndPoint(VsockEndPoint.AnyCid, port));
            return true;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }

    // Linux has no ear for the host's refusal, and waits for its own time.
    public override async Task<Stream?> TryConnectAsync(uint port, CancellationToken cancellationToken = default)
    {
        try
        {
            return await new VsockEndPoint(VsockEndPoint.HostCid, port).ConnectStreamAsync(cancellationToken);
        }
        catch (SocketException late) when (late.SocketErrorCode == SocketError.TimedOut)
        {
            return null;
        }
    }
}

/// <summary>Beside the host.</summary>
/// <param name="path">That of <c>--device vsock=PATH</c>.</param>
internal sealed class HostLink(string path) : Link
{
    public override void Listen(KestrelServerOptions options, uint port, HttpProtocols protocols) =>
        options.ListenUnixSocket($"{path}_{port}", listen => listen.Protocols = protocols);

    public override bool IsFree(uint port)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint($"{path}_{port}"));
            return false;
        }
        catch (SocketException none) when (none.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            return true;
        }
    }

    // The host ends a client whose connect the guest does not take.
    public override async Task<Stream?> TryConnectAsync(uint port, CancellationToken cancellationToken = default) =>
        await Door.TryConnectAsync(path, port, cancellationToken) is { } socket ? new NetworkStream(socket, ownsSocket: true) : null;
}
