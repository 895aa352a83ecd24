// An address of AF_HYPERV. Mirrors SOCKADDR_HV (hvsocket.h of the Windows SDK).

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace VmBus.Windows;

/// <summary>
/// An AF_HYPERV service of a partition, for connections between a Windows host and its Windows guests without a network. Use it
/// as the end point of .NET's <see cref="Socket"/>. Create the socket with <see cref="CreateSocket"/> or
/// <see cref="ConnectAsync"/>.
/// </summary>
/// <remarks>
/// A host accepts connects only to services in its registry, below <c>HKLM\SOFTWARE\Microsoft\Windows
/// NT\CurrentVersion\Virtualization\GuestCommunicationServices</c>.
/// </remarks>
public sealed class HyperVEndPoint : EndPoint
{
    private const AddressFamily HyperV = (AddressFamily)34;     // AF_HYPERV
    private const ProtocolType Raw = (ProtocolType)1;           // HV_PROTOCOL_RAW

    // family: u16, reserved: u16, partition: GUID, service: GUID.
    private const int Size = 36;
    private const int PartitionOffset = 4;
    private const int ServiceOffset = 20;

    /// <summary>Creates an end point for a service.</summary>
    /// <param name="partition">The partition: a VM's id, or one of <see cref="Any"/>, <see cref="Children"/>, <see cref="Loopback"/>, <see cref="Parent"/>.</param>
    /// <param name="service">The service.</param>
    public HyperVEndPoint(Guid partition, Guid service)
    {
        Partition = partition;
        Service = service;
    }

    /// <summary>
    /// Creates an end point for an AF_VSOCK port of Linux: the service <c>pppppppp-facb-11e6-bd58-64006a7986d3</c>.
    /// </summary>
    /// <param name="partition">The partition.</param>
    /// <param name="port">The port.</param>
    public HyperVEndPoint(Guid partition, uint port)
        : this(partition, new Guid(port, 0xfacb, 0x11e6, 0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3))
    {
    }

    /// <summary><c>HV_GUID_WILDCARD</c>: any partition, to listen.</summary>
    public static Guid Any => Guid.Empty;

    /// <summary><c>HV_GUID_CHILDREN</c>: any guest of this host, to listen.</summary>
    public static Guid Children { get; } = new("90db8b89-0d35-4f79-8ce9-49ea0ac8b7cd");

    /// <summary><c>HV_GUID_LOOPBACK</c>: this partition itself.</summary>
    public static Guid Loopback { get; } = new("e0e16197-dd56-4a10-9195-5ee7a155a838");

    /// <summary><c>HV_GUID_PARENT</c>: the host, as its guests see it.</summary>
    public static Guid Parent { get; } = new("a42e7cda-d03f-480c-9cc2-a4de20abb878");

    /// <summary>The partition.</summary>
    public Guid Partition { get; }

    /// <summary>The service.</summary>
    public Guid Service { get; }

    /// <summary>AF_HYPERV, 34; the framework has no name for it.</summary>
    public override AddressFamily AddressFamily => HyperV;

    /// <summary>Creates a stream socket of this family.</summary>
    /// <exception cref="SocketException">This system does not support such sockets.</exception>
    [SupportedOSPlatform("windows")]
    public static Socket CreateSocket() => new(HyperV, SocketType.Stream, Raw);

    /// <summary>
    /// Creates a socket and connects it to this service. <see cref="Socket.Connect(EndPoint)"/> does the same;
    /// <see cref="Socket.ConnectAsync(EndPoint)"/> fails with <see cref="SocketError.InvalidArgument"/>, because Windows
    /// requires a bound socket for it, and the framework binds only IP sockets. This call blocks a pool thread until the system
    /// answers.
    /// </summary>
    /// <param name="cancellationToken">Cancels the connect.</param>
    /// <returns>The connected socket. Dispose it when done.</returns>
    /// <exception cref="SocketException">
    /// The service refuses, or does not answer; or this system does not support such sockets.
    /// </exception>
    [SupportedOSPlatform("windows")]
    public async Task<Socket> ConnectAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Socket socket = CreateSocket();
        Task connecting = Task.Run(() => socket.Connect(this), CancellationToken.None);
        try
        {
            await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            // One that was given up fails now, and that is what was wanted.
            _ = connecting.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }

    /// <inheritdoc/>
    public override SocketAddress Serialize()
    {
        // Elsewhere than on Windows the framework refuses the number: the first two bytes are written here, as Windows reads them.
        var address = new SocketAddress(AddressFamily.Unspecified, Size);
        Span<byte> bytes = address.Buffer.Span[..Size];
        bytes.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)HyperV);
        Partition.TryWriteBytes(bytes[PartitionOffset..]);
        Service.TryWriteBytes(bytes[ServiceOffset..]);
        return address;
    }

    /// <inheritdoc/>
    public override EndPoint Create(SocketAddress socketAddress)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        ReadOnlySpan<byte> bytes = socketAddress.Buffer.Span[..socketAddress.Size];
        if (bytes.Length < Size || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != (ushort)HyperV)
            throw new ArgumentException("The address is not an AF_HYPERV address.", nameof(socketAddress));
        return new HyperVEndPoint(new Guid(bytes[PartitionOffset..ServiceOffset]), new Guid(bytes[ServiceOffset..Size]));
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is HyperVEndPoint other && (Partition, Service) == (other.Partition, other.Service);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Partition, Service);

    /// <inheritdoc/>
    public override string ToString() => $"hyperv:{Partition}:{Service}";
}
