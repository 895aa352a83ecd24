// The guest's end of a channel between two processes.

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;

namespace VmBus.InMemory;

/// <summary>
/// A channel whose host is another process. A signal to it is a bit in the monitor page, which the host process inspects,
/// or an event flag and a byte in a pipe: the hypercall of this backend.
/// </summary>
/// <remarks>
/// When the host process ends for any reason, waits on the channel return <see langword="false"/> once everything that it had
/// committed was read, and <see cref="VmBusChannel.DisconnectReason"/> gives the reason.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class SharedGuest : IDisposable
{
    private static readonly TimeSpan ConnectInterval = TimeSpan.FromMilliseconds(20);

    private readonly UnixFdSocket _socket;
    private readonly SharedChannelMemory _memory;
    private readonly SignalPipe _hostInterrupt;
    private readonly SignalPipe _guestInterrupt;
    private readonly SharedSignalWait _wait;

    private SharedGuest(UnixFdSocket socket, SharedChannelMemory memory, SignalPipe hostInterrupt, SignalPipe guestInterrupt, in SharedChannelPlan plan, PeerTrust trust, TimeProvider? clock)
    {
        _socket = socket;
        _memory = memory;
        _hostInterrupt = hostInterrupt;
        _guestInterrupt = guestInterrupt;
        _wait = new SharedSignalWait(memory.GuestFlags, plan.ChildRelid, guestInterrupt, socket, "host", new SpinBeforeSleep(TimeSpan.FromTicks(plan.SpinTicks), plan.AdaptiveSpin));
        try
        {
            const SignalCapabilities All = SignalCapabilities.Monitor | SignalCapabilities.Hypercall | SignalCapabilities.LatencyHint;
            ChannelSignaler signaler = new(
                new SignalBinding
                {
                    ChildRelid = (uint)plan.ChildRelid,
                    Path = new SharedSignalPath(memory, memory.HostFlags, plan.ChildRelid, hostInterrupt, All),
                    MonitorPage = memory.MonitorPage,
                    PageOwner = memory,
                    MonitorId = plan.MonitorId,
                },
                clock);
            Channel = new VmBusChannel(
                new OutgoingRing(memory.GuestToHost), new IncomingRing(memory.HostToGuest, new IncomingRingOptions { Trust = trust }), signaler, _wait, clock);
            Channel.Identify(new ChannelIdentity(ChannelIdentity.Guest, "shared", "", (uint)plan.ChildRelid, 0));
        }
        catch
        {
            _wait.Dispose();
            throw;
        }
    }

    /// <summary>The guest's end.</summary>
    public VmBusChannel Channel { get; }

    /// <summary>The socket to the host. Its end there closes when the host process ends.</summary>
    internal UnixFdSocket Socket => _socket;

    /// <summary>Connects to a host process that offers a channel on a path, now or later.</summary>
    /// <param name="path">The path given to <see cref="SharedHost.OfferAsync"/>.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">
    /// Cancels the wait for the host; without it, the wait has no limit.
    /// </param>
    /// <returns>The open channel.</returns>
    /// <exception cref="IOException">The kernel refused to connect.</exception>
    /// <exception cref="PeerDisconnectedException">The host disconnected before it offered a channel.</exception>
    /// <exception cref="InvalidDataException">The offer is not a valid channel, or its version is not supported.</exception>
    /// <exception cref="RingCorruptException">The indices of the offered rings are invalid.</exception>
    public static async Task<SharedGuest> ConnectAsync(string path, SharedGuestOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        cancellationToken.ThrowIfCancellationRequested();
        UnixFdSocket socket = await ConnectSocketAsync(path, cancellationToken).ConfigureAwait(false);
        try
        {
            await Task.Run(() => WaitForOffer(socket, cancellationToken), CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return Connect(socket, options?.Trust ?? PeerTrust.Trusted, options?.Clock);
    }

    /// <summary>Opens the channel that a host offers on a socket.</summary>
    /// <param name="socket">
    /// The descriptor of a Unix-domain stream socket, connected to a host. This call takes ownership of it, even if it fails.
    /// </param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <returns>The open channel.</returns>
    /// <exception cref="ArgumentException">The socket is of another kind.</exception>
    /// <exception cref="PeerDisconnectedException">The host disconnected before it offered a channel.</exception>
    /// <exception cref="InvalidDataException">The offer is not a valid channel, or its version is not supported.</exception>
    /// <exception cref="RingCorruptException">The indices of the offered rings are invalid.</exception>
    public static SharedGuest Connect(int socket, SharedGuestOptions? options = null) =>
        Connect(UnixFdSocket.FromDescriptor(socket), options?.Trust ?? PeerTrust.Trusted, options?.Clock);

    /// <summary>Opens the channel that a host offers on a socket.</summary>
    /// <param name="socket">Connected to a host. This call takes ownership of it, even if it fails.</param>
    /// <param name="trust">How far the host is trusted.</param>
    /// <param name="clock">The clock of timeouts and of the adaptive policy; <see langword="null"/> for the system's.</param>
    /// <returns>The open channel.</returns>
    /// <exception cref="PeerDisconnectedException">The host disconnected before it offered a channel.</exception>
    /// <exception cref="InvalidDataException">The offer is not a valid channel, or its version is not supported.</exception>
    /// <exception cref="RingCorruptException">The indices of the offered rings are invalid.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused to map the memory, or this process has no descriptor left.</exception>
    internal static SharedGuest Connect(UnixFdSocket socket, PeerTrust trust = PeerTrust.Trusted, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        SignalPipe? hostInterrupt = null;
        SignalPipe? guestInterrupt = null;
        SharedChannelMemory? memory = null;
        try
        {
            Span<byte> message = stackalloc byte[SharedChannelPlan.MessageLength];
            Span<int> descriptors = stackalloc int[SharedChannelPlan.DescriptorCount];
            int length = ReceivePlan(socket, message, descriptors, out int count);

            // Each adoption owns its descriptor from the call on; what was not adopted yet is closed by the list.
            using UnclaimedDescriptors unclaimed = new(descriptors[..count]);
            SharedChannelPlan plan = SharedChannelPlan.ReadFrom(message[..length]);
            if (count != SharedChannelPlan.DescriptorCount)
                throw new InvalidDataException($"A channel has {SharedChannelPlan.DescriptorCount} descriptors; the peer sent {count}.");
            using (MemfdHandle memfd = Adopt("memory", unclaimed.Claim(), MemfdHandle.Adopt))
                memory = new SharedChannelMemory(memfd, plan);
            hostInterrupt = Adopt("the host's pipe of signals", unclaimed.Claim(), SignalPipe.Adopt);
            guestInterrupt = Adopt("the guest's pipe of signals", unclaimed.Claim(), SignalPipe.Adopt);
            return new SharedGuest(socket, memory, hostInterrupt, guestInterrupt, plan, trust, clock);
        }
        catch
        {
            guestInterrupt?.Dispose();
            hostInterrupt?.Dispose();
            memory?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Closes the channel, releases its memory and disconnects. Pending calls on other threads end; later ones throw
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        Channel.Dispose();
        _wait.Dispose();
        _socket.Dispose();
        _guestInterrupt.Dispose();
        _hostInterrupt.Dispose();
        _memory.Dispose();
    }

    private static async Task<UnixFdSocket> ConnectSocketAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return UnixFdSocket.Connect(path);
            }
            catch (ErrnoException absent) when (absent.Errno is Errno.NoSuchFile or Errno.ConnectionRefused)
            {
                // No event tells that a path is listened on.
                await Task.Delay(ConnectInterval, cancellationToken).ConfigureAwait(false);
            }
            catch (ErrnoException refused)
            {
                throw new IOException($"Could not connect to the host: {refused.Message}", refused);
            }
        }
    }

    // Until the host says something or goes.
    private static void WaitForOffer(UnixFdSocket socket, CancellationToken cancellationToken)
    {
        using EventFd cancel = EventFd.Create();
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static cancel => ((EventFd)cancel!).Signal(), cancel);
        Span<PollFd> polled = [new PollFd(socket.Descriptor, PollEvents.In), new PollFd(cancel.Descriptor, PollEvents.In)];
        while (polled[0].Returned == PollEvents.None)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Poll.Wait(polled, Timeout.InfiniteTimeSpan);
        }
    }

    private static int ReceivePlan(UnixFdSocket socket, Span<byte> message, Span<int> descriptors, out int count)
    {
        try
        {
            int length = socket.Receive(message, descriptors, out count);
            return length != 0 ? length : throw new PeerDisconnectedException("The host process disconnected before it offered a channel.");
        }
        catch (ErrnoException reset) when (reset.Errno == Errno.ConnectionReset)
        {
            throw new PeerDisconnectedException($"The host process disconnected before it offered a channel: {reset.Message}");
        }
    }

    private static T Adopt<T>(string role, int descriptor, Func<int, T> adopt)
    {
        try
        {
            return adopt(descriptor);
        }
        catch (Exception e) when (e is ArgumentException or ErrnoException)
        {
            throw new InvalidDataException($"The descriptor that the host sent as {role} cannot be used: {e.Message}", e);
        }
    }
}
