// The host's end of a channel between two processes, and the hypervisor between them.

using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;

namespace VmBus.InMemory;

/// <summary>
/// Offers a channel to a guest in another process. The guest's memory is a memfd that both map; the in-memory
/// hypervisor of this process inspects its monitor page.
/// </summary>
/// <remarks>
/// When the guest process ends for any reason, waits on the channel return <see langword="false"/> once everything that it had
/// committed was read, and <see cref="VmBusChannel.DisconnectReason"/> gives the reason.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class SharedHost : IDisposable
{
    private const uint HostPort = 1;
    private const uint MonitorPortId = 2;

    private readonly UnixFdSocket _socket;
    private readonly Hypervisor _hypervisor;
    private readonly SharedChannelMemory _memory;
    private readonly SignalPipe _hostInterrupt;
    private readonly SignalPipe _guestInterrupt;
    private readonly SharedSignalWait _wait;
    private int _disposed;

    private SharedHost(UnixFdSocket socket, SharedChannelOptions options, PeerTrust trust, TimeProvider? clock)
    {
        _socket = socket;
        try
        {
            _hostInterrupt = SignalPipe.Create();
            _guestInterrupt = SignalPipe.Create();
            _hypervisor = new Hypervisor(new HypervisorOptions { SharedMemory = true, SpinBudget = options.SpinBudget, AdaptiveSpin = options.AdaptiveSpin, ScanThreadStarted = options.ScanThreadStarted });
            Partition root = _hypervisor.CreatePartition(2 * GuestMemory.PageSize);
            int length = checked((int)SharedChannelPlan.LengthOf(options.RingSize));
            Partition guest = _hypervisor.CreatePartition(length + 2 * GuestMemory.PageSize);
            ulong start = guest.Memory.AllocatePages(length / SharedChannelPlan.PageSize);
            Plan = new SharedChannelPlan((long)start, options.RingSize, options.ChildRelid, options.MonitorId, options.SpinBudget.Ticks, options.AdaptiveSpin);
            _memory = new SharedChannelMemory(guest.Memory.Memfd!, Plan);

            _wait = new SharedSignalWait(_memory.HostFlags, options.ChildRelid, _hostInterrupt, socket, "guest", new SpinBeforeSleep(options.SpinBudget, options.AdaptiveSpin));
            ChannelSignaler signaler = new(
                new SignalBinding
                {
                    ChildRelid = (uint)options.ChildRelid,
                    Path = new SharedSignalPath(_memory, _memory.GuestFlags, options.ChildRelid, _guestInterrupt, SignalCapabilities.Hypercall),
                },
                clock);
            Channel = new VmBusChannel(
                new OutgoingRing(_memory.HostToGuest), new IncomingRing(_memory.GuestToHost, new IncomingRingOptions { Trust = trust }), signaler, _wait, clock);
            Channel.Identify(new ChannelIdentity(ChannelIdentity.Host, "shared", "", (uint)options.ChildRelid, 0));

            // Last, because it starts the scan. What that does for the guest is what the guest does for itself by "hypercall".
            SharedSignalPath toHost = new(_memory, _memory.HostFlags, options.ChildRelid, _hostInterrupt, SignalCapabilities.Hypercall);
            NotificationPort port = root.CreateNotificationPort(HostPort, () => toHost.Signal());
            guest.Connect((uint)options.ChildRelid, port);
            guest.CreateMonitorPort(MonitorPortId, start, guest).Register(options.MonitorId, (uint)options.ChildRelid, 0, (ushort)options.MonitorLatency.Ticks);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>The host's end.</summary>
    public VmBusChannel Channel { get; }

    /// <summary>The socket to the guest. Its end there closes when the guest process ends.</summary>
    internal UnixFdSocket Socket => _socket;

    /// <summary>How late the monitor scan's examinations were.</summary>
    internal LatenessStatistics ScanLateness => _hypervisor.Lateness;

    private SharedChannelPlan Plan { get; }

    /// <summary>Listens on a path, waits for one guest process, and offers it a channel.</summary>
    /// <param name="path">
    /// Where the guest connects: a Unix-domain socket that only this user can use. It is removed once the guest has connected.
    /// The socket of a process that was killed is replaced.
    /// </param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the wait for a guest.</param>
    /// <returns>The open channel.</returns>
    /// <exception cref="IOException">The socket cannot be created; the message gives the reason.</exception>
    /// <exception cref="PeerDisconnectedException">The guest disconnected at once.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static async Task<SharedHost> OfferAsync(string path, SharedChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        cancellationToken.ThrowIfCancellationRequested();
        options ??= SharedChannelOptions.Default;
        options.Validate();
        using LocalListener listener = LocalListener.Listen(path);
        using Socket guest = await listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
        return Offer(UnixFdSocket.CopyOf(guest.SafeHandle), options, options.Trust, options.Clock);
    }

    /// <summary>Creates a channel and offers it to the guest on a socket.</summary>
    /// <param name="socket">
    /// The descriptor of a Unix-domain stream socket, connected to a guest. This call takes ownership of it, even if it fails.
    /// </param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <returns>The open channel.</returns>
    /// <exception cref="ArgumentException">The socket is of another kind.</exception>
    /// <exception cref="PeerDisconnectedException">The guest disconnected at once.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static SharedHost Offer(int socket, SharedChannelOptions? options = null) =>
        Offer(UnixFdSocket.FromDescriptor(socket), options, options?.Trust ?? PeerTrust.Untrusted, options?.Clock);

    /// <summary>Creates a channel and offers it to the guest on a socket.</summary>
    /// <param name="socket">Connected to a guest. This call takes ownership of it, even if it fails.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="trust">How far the guest is trusted.</param>
    /// <param name="clock">The clock of timeouts; <see langword="null"/> for the system's.</param>
    /// <returns>The open channel.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="PeerDisconnectedException">The guest disconnected at once.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">Memory or descriptors could not be had.</exception>
    internal static SharedHost Offer(UnixFdSocket socket, SharedChannelOptions? options = null, PeerTrust trust = PeerTrust.Untrusted, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        SharedHost? host = null;
        try
        {
            options ??= SharedChannelOptions.Default;
            options.Validate();
            host = new SharedHost(socket, options, trust, clock);
            host.SendOffer();
            return host;
        }
        catch
        {
            host?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Closes the channel, ends the scan, releases the memory and disconnects. Pending calls on other threads end; later ones
    /// throw <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            Release();
    }

    // Of a host that was never finished, what there is. The scan goes before what it signals and what it looks at.
    private void Release()
    {
        Channel?.Dispose();
        _wait?.Dispose();
        _hypervisor?.Dispose();
        _socket.Dispose();
        _guestInterrupt?.Dispose();
        _hostInterrupt?.Dispose();
        _memory?.Dispose();
    }

    private void SendOffer()
    {
        Span<byte> message = stackalloc byte[SharedChannelPlan.MessageLength];
        Plan.WriteTo(message);
        MemfdHandle memory = _hypervisor.Partitions[1].Memory.Memfd!;
        using SignalPipe hostInterrupt = _hostInterrupt.Lend();
        using SignalPipe guestInterrupt = _guestInterrupt.Lend();
        try
        {
            _socket.Send(message, [memory.Descriptor, hostInterrupt.Descriptor, guestInterrupt.Descriptor]);
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.BrokenPipe or Errno.ConnectionReset)
        {
            throw new PeerDisconnectedException($"The guest process disconnected before it accepted the channel: {gone.Message}");
        }
    }
}
