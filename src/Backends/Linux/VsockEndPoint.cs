// An address of AF_VSOCK. Mirrors struct sockaddr_vm (Linux include/uapi/linux/vm_sockets.h).

using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>
/// An AF_VSOCK port of a machine, for connections between Linux guests and Linux hosts without a network. Use it as the end
/// point of .NET's <see cref="Socket"/>. Create the socket with <see cref="CreateSocket"/> or <see cref="ConnectAsync"/>.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class VsockEndPoint : EndPoint
{
    /// <summary><c>VMADDR_CID_HOST</c>: the host, as its guests see it.</summary>
    public const uint HostCid = 2;

    /// <summary><c>VMADDR_CID_ANY</c>: this machine, to listen.</summary>
    public const uint AnyCid = uint.MaxValue;

    /// <summary><c>VMADDR_PORT_ANY</c>: any free port, to listen.</summary>
    public const uint AnyPort = uint.MaxValue;

    // family: u16, reserved: u16, port: u32, cid: u32, four bytes of flags and zeros.
    private const int Size = 16;
    private const int PortOffset = 4;
    private const int CidOffset = 8;

    /// <summary>Creates an end point.</summary>
    /// <param name="cid">The machine: <see cref="HostCid"/>, <see cref="AnyCid"/>, or a guest's context id.</param>
    /// <param name="port">The port.</param>
    public VsockEndPoint(uint cid, uint port)
    {
        Cid = cid;
        Port = port;
    }

    /// <summary>The machine.</summary>
    public uint Cid { get; }

    /// <summary>The port.</summary>
    public uint Port { get; }

    /// <summary>
    /// <see cref="AddressFamily.Unknown"/>: the framework has no value for AF_VSOCK, and reports this for its sockets too. The
    /// bytes of <see cref="Serialize"/> contain 40.
    /// </summary>
    public override AddressFamily AddressFamily => AddressFamily.Unknown;

    /// <summary>Creates a stream socket of this family.</summary>
    /// <exception cref="SocketException">This system does not support such sockets.</exception>
    public static Socket CreateSocket()
    {
        try
        {
            return new Socket(new SafeSocketHandle(VsockSocket.Create(), ownsHandle: true));
        }
        catch (ErrnoException refused)
        {
            throw new SocketException((int)SocketError.AddressFamilyNotSupported, $"This system has no AF_VSOCK: {refused.Message}");
        }
    }

    /// <summary>
    /// Creates a socket and connects it to this port, as <see cref="Socket.ConnectAsync(EndPoint, CancellationToken)"/> does
    /// with one of <see cref="CreateSocket"/>. The kernel's time limit is 2 s, unless <c>SO_VM_SOCKETS_CONNECT_TIMEOUT</c> sets
    /// another.
    /// </summary>
    /// <param name="cancellationToken">Cancels the connect.</param>
    /// <returns>The connected socket. Dispose it when done.</returns>
    /// <exception cref="SocketException">
    /// The port refuses, or does not answer; or this system does not support such sockets.
    /// </exception>
    public async Task<Socket> ConnectAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Socket socket = CreateSocket();
        try
        {
            await socket.ConnectAsync(this, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Like <see cref="ConnectAsync"/>, but returns a stream, for
    /// <see cref="System.Net.Http.SocketsHttpHandler.ConnectCallback"/> and similar. A <see cref="NetworkStream"/> fails there
    /// in a guest of Hyper-V: HTTP/2 waits with a zero-byte read, which uses <c>MSG_PEEK</c>; Linux's <c>hv_sock</c> does not
    /// support that.
    /// </summary>
    /// <param name="cancellationToken">Cancels the connect.</param>
    /// <returns>The connection. Dispose it when done.</returns>
    /// <exception cref="SocketException">As for <see cref="ConnectAsync"/>.</exception>
    public async Task<Stream> ConnectStreamAsync(CancellationToken cancellationToken = default) =>
        new VsockStream(await ConnectAsync(cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public override SocketAddress Serialize()
    {
        // The framework knows no such family by name: the first two bytes are written over, as the kernel reads them.
        var address = new SocketAddress(AddressFamily.Unspecified, Size);
        Span<byte> bytes = address.Buffer.Span[..Size];
        bytes.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Libc.FamilyVsock);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[PortOffset..], Port);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[CidOffset..], Cid);
        return address;
    }

    /// <inheritdoc/>
    public override EndPoint Create(SocketAddress socketAddress)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        ReadOnlySpan<byte> bytes = socketAddress.Buffer.Span[..socketAddress.Size];
        if (bytes.Length < Size || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != Libc.FamilyVsock)
            throw new ArgumentException("The address is not an AF_VSOCK address.", nameof(socketAddress));
        return new VsockEndPoint(BinaryPrimitives.ReadUInt32LittleEndian(bytes[CidOffset..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[PortOffset..]));
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is VsockEndPoint other && (Cid, Port) == (other.Cid, other.Port);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Cid, Port);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"vsock:{Cid}:{Port}");
}
