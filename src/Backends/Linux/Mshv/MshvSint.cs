// The SynIC of VTL 2 in user space. Mirrors /dev/mshv_sint (Linux 6.19 drivers/hv/mshv_vtl_main.c) as OpenHCL uses it
// (OpenVMM openhcl/hcl/src/vmbus.rs).

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// <c>/dev/mshv_sint</c>: the one place where user space of a Linux guest makes HvCallSignalEvent when it wants to, so that
/// low latency is a real hypercall. There only in VTL 2, with kernels that have the <c>mshv_vtl</c> driver.
/// </summary>
/// <remarks>
/// Signals, posts and events are thread-safe; one thread reads messages at a time. An errno that says no hypercall was made
/// is thrown as <see cref="ErrnoException"/>.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class MshvSint : IDisposable
{
    /// <summary>The most bytes a message carries.</summary>
    public const int MaxPayload = SynicMessagePayload.Size;

    private readonly IMshvSintFile _file;

    internal MshvSint(IMshvSintFile file) => _file = file;

    /// <summary>Opens the device. Messages are paused at first: see <see cref="PauseMessages"/>.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>The open device.</returns>
    /// <exception cref="LinuxGuestException">It is not there, or not permitted: it needs root.</exception>
    public static MshvSint Open(string path = "/dev/mshv_sint")
    {
        try
        {
            return new MshvSint(new MshvSintFile(DeviceFile.Open(path)));
        }
        catch (ErrnoException e)
        {
            throw e.Errno switch
            {
                Errno.AccessDenied or Errno.OperationNotPermitted => new LinuxGuestException(LinuxGuestError.NotPermitted, $"{path} needs root. {e.Message}", e),
                Errno.NoSuchFile or Errno.NoSuchDevice or Errno.NoSuchAddress => new LinuxGuestException(LinuxGuestError.NoModule,
                    $"{path} does not exist: it exists only in VTL 2, with the module mshv_vtl of Linux 6.19 or newer. {e.Message}", e),
                _ => new LinuxGuestException(LinuxGuestError.Refused, $"{path} could not be opened. {e.Message}", e),
            };
        }
    }

    /// <summary>HvCallSignalEvent: signals a connection now.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="flagNumber">The flag, relative to the port's base flag.</param>
    /// <returns>
    /// The status. The kernel tells an errno only, and folds several statuses into one: what it calls an invalid argument
    /// is <see cref="HypercallStatus.InvalidConnectionId"/> here, and what it calls an I/O error
    /// <see cref="HypercallStatus.OperationDenied"/>.
    /// </returns>
    /// <exception cref="System.ComponentModel.Win32Exception">The device made no hypercall.</exception>
    public HypercallStatus SignalEvent(uint connectionId, ushort flagNumber = 0)
    {
        Errno error = _file.SignalEvent(connectionId, flagNumber, out int result);
        if (error == Errno.None)
            return (HypercallStatus)result;
        return MshvStatus.Of(error) ?? throw new ErrnoException($"MSHV_SINT_SIGNAL_EVENT of connection {connectionId}", error);
    }

    /// <summary>HvCallPostMessage: posts a message.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="type">The type of the message.</param>
    /// <param name="payload">At most <see cref="MaxPayload"/> bytes.</param>
    /// <returns>The status, as the hypervisor answered it.</returns>
    /// <exception cref="ArgumentException">Too many bytes.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The device made no hypercall.</exception>
    public HypercallStatus PostMessage(uint connectionId, SynicMessageType type, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaxPayload)
            throw new ArgumentException($"A message carries at most {MaxPayload} bytes; these are {payload.Length}.", nameof(payload));
        Errno error = _file.PostMessage(connectionId, (ulong)type, payload, out int result);
        return error == Errno.None ? (HypercallStatus)result
            : throw new ErrnoException($"MSHV_SINT_POST_MESSAGE of {payload.Length} bytes to connection {connectionId}", error);
    }

    /// <summary>From now on the kernel signals an event when the host sets an event flag of SINT 7.</summary>
    /// <param name="flag">The event flag, 0 to 2047: a channel's relid.</param>
    /// <param name="signal">The event; <see langword="null"/> for none. It replaces the one before.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused.</exception>
    internal void ConnectEvent(uint flag, EventFd? signal)
    {
        if (_file.SetEventFd(flag, signal) is not Errno.None and var error)
            throw new ErrnoException($"MSHV_SINT_SET_EVENTFD of flag {flag}", error);
    }

    /// <summary>Masks the SINT on all virtual processors, or unmasks it.</summary>
    /// <param name="paused">Whether messages stop. A wait under way ends.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused.</exception>
    public void PauseMessages(bool paused)
    {
        if (_file.PauseMessages(paused) is not Errno.None and var error)
            throw new ErrnoException($"MSHV_SINT_PAUSE_MESSAGE_STREAM({paused})", error);
    }

    /// <summary>Takes the next message, without waiting.</summary>
    /// <param name="message">The message, as the host sent it: check its sizes.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused.</exception>
    /// <exception cref="InvalidDataException">The device gave something else than a whole message.</exception>
    public MshvMessageRead ReadMessage(out SynicMessage message)
    {
        message = default;
        Errno error = _file.Read(MemoryMarshal.AsBytes(new Span<SynicMessage>(ref message)), out int length);
        return (error, length) switch
        {
            (Errno.None, SynicMessage.Size) => MshvMessageRead.Message,
            (Errno.None, 0) => MshvMessageRead.Paused,
            (Errno.None, _) => throw new InvalidDataException($"/dev/mshv_sint returned {length} bytes; a message has {SynicMessage.Size}."),
            (Errno.TryAgain, _) => MshvMessageRead.Empty,
            _ => throw new ErrnoException("read of /dev/mshv_sint", error),
        };
    }

    /// <summary>Waits until there is a message, or the stream is paused.</summary>
    /// <param name="timeout">The longest time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns><see langword="false"/> when the time was up.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused.</exception>
    public bool WaitForMessage(TimeSpan timeout) => Poll.Wait(_file.Descriptor, PollEvents.In, timeout) != PollEvents.None;

    /// <summary>Makes the immediate signal of one channel: a hypercall, on monitored channels too.</summary>
    /// <param name="connectionId">The channel's connection.</param>
    /// <param name="flagNumber">The flag, relative to the port's base flag.</param>
    /// <param name="capabilities">
    /// What else the channel has: <see cref="SignalCapabilities.Monitor"/> and <see cref="SignalCapabilities.LatencyHint"/> when its
    /// monitor page is mapped here.
    /// </param>
    /// <returns>The path. It is of use as long as this device is open.</returns>
    public ISignalPath CreateSignalPath(uint connectionId, ushort flagNumber = 0, SignalCapabilities capabilities = SignalCapabilities.None)
        => new MshvSignalPath(_file, connectionId, flagNumber, capabilities | SignalCapabilities.Hypercall);

    /// <summary>Closes the device.</summary>
    public void Dispose() => _file.Dispose();
}
