// The control calls of /dev/mshv_sint and of a partition of /dev/mshv. Mirrors MSHV_SINT_* and MSHV_ROOT_HVCALL
// (Linux include/uapi/linux/mshv.h); what they answer is in drivers/hv/mshv_vtl_main.c and mshv_root_main.c.

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// The calls to the Microsoft hypervisor that Linux makes for user space. Each is one <c>ioctl</c>, whose error number is
/// the answer. Thread-safe; nothing allocates.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class MshvControl
{
    /// <summary>The most bytes of input and of output a hypercall takes: one page of the hypervisor.</summary>
    public const int MostHypercallBytes = 4096;

    private const byte Magic = 0xB8;    // MSHV_IOCTL

    internal static uint SignalEventNumber { get; } = IoctlNumber.Write<MshvSignalEvent>(Magic, 0x22);

    internal static uint PostMessageNumber { get; } = IoctlNumber.Write<MshvPostMessage>(Magic, 0x23);

    internal static uint SetEventFdNumber { get; } = IoctlNumber.Write<MshvSetEventFd>(Magic, 0x24);

    internal static uint PauseMessagesNumber { get; } = IoctlNumber.Write<MshvSintMask>(Magic, 0x25);

    internal static uint RootHypercallNumber { get; } = IoctlNumber.WriteRead<MshvRootHypercall>(Magic, 0x07);

    /// <summary><c>MSHV_SINT_SIGNAL_EVENT</c>: HvCallSignalEvent in its register form.</summary>
    /// <param name="device"><c>/dev/mshv_sint</c>.</param>
    /// <param name="connectionId">The connection to signal.</param>
    /// <param name="flag">The flag, relative to the port's base flag.</param>
    /// <param name="result">What the driver returned when there is no error.</param>
    /// <returns><see cref="Errno.None"/>, or the errno that the kernel made of the hypercall's status.</returns>
    public static Errno SignalEvent(DeviceFile device, uint connectionId, uint flag, out int result)
    {
        ArgumentNullException.ThrowIfNull(device);
        var argument = new MshvSignalEvent { ConnectionId = connectionId, Flag = flag };
        return device.Control(SignalEventNumber, ref argument, out result);
    }

    /// <summary><c>MSHV_SINT_POST_MESSAGE</c>: HvCallPostMessage.</summary>
    /// <param name="device"><c>/dev/mshv_sint</c>.</param>
    /// <param name="connectionId">The connection to post to.</param>
    /// <param name="messageType">The type of the message.</param>
    /// <param name="payload">At most 240 bytes; the driver refuses more.</param>
    /// <param name="result">What the driver returned: the hypercall's status, 0 for success.</param>
    /// <returns><see cref="Errno.None"/> when the hypercall was made, whatever its status.</returns>
    public static unsafe Errno PostMessage(DeviceFile device, uint connectionId, ulong messageType, ReadOnlySpan<byte> payload, out int result)
    {
        ArgumentNullException.ThrowIfNull(device);
        fixed (byte* bytes = payload)
        {
            var argument = new MshvPostMessage
            {
                MessageType = messageType,
                ConnectionId = connectionId,
                PayloadSize = (uint)payload.Length,
                Payload = (ulong)bytes,
            };
            return device.Control(PostMessageNumber, ref argument, out result);
        }
    }

    /// <summary><c>MSHV_SINT_SET_EVENTFD</c>: what the kernel signals when the host sets an event flag.</summary>
    /// <param name="device"><c>/dev/mshv_sint</c>.</param>
    /// <param name="flag">The event flag, 0 to 2047.</param>
    /// <param name="signal">The event; <see langword="null"/> for none.</param>
    /// <returns><see cref="Errno.None"/>, or why not.</returns>
    public static Errno SetEventFd(DeviceFile device, uint flag, EventFd? signal)
    {
        ArgumentNullException.ThrowIfNull(device);
        var argument = new MshvSetEventFd { Descriptor = signal?.Descriptor ?? -1, Flag = flag };
        Errno error = device.Control(SetEventFdNumber, ref argument, out _);
        GC.KeepAlive(signal);
        return error;
    }

    /// <summary><c>MSHV_SINT_PAUSE_MESSAGE_STREAM</c>: masks the SINT, or unmasks it. It is masked at first.</summary>
    /// <param name="device"><c>/dev/mshv_sint</c>.</param>
    /// <param name="paused">Whether messages stop.</param>
    /// <returns><see cref="Errno.None"/>, or why not.</returns>
    public static Errno PauseMessages(DeviceFile device, bool paused)
    {
        ArgumentNullException.ThrowIfNull(device);
        var argument = new MshvSintMask { Mask = paused ? (byte)1 : (byte)0 };
        return device.Control(PauseMessagesNumber, ref argument, out _);
    }

    /// <summary><c>MSHV_ROOT_HVCALL</c>: any hypercall the kernel lets through, in its form from memory.</summary>
    /// <param name="partition">A partition's descriptor: the kernel writes its id into the first 8 bytes of the input.</param>
    /// <param name="code">The code of the hypercall.</param>
    /// <param name="input">The input, at most <see cref="MostHypercallBytes"/>.</param>
    /// <param name="output">Where the output goes, at most <see cref="MostHypercallBytes"/>; empty for none.</param>
    /// <param name="status">The status of the hypercall: also when there is an error, unless it is 0 then.</param>
    /// <returns><see cref="Errno.None"/>, or the errno that the kernel made of the status or of the argument.</returns>
    /// <exception cref="ArgumentException">Too many bytes.</exception>
    public static unsafe Errno RootHypercall(DeviceFile partition, ushort code, ReadOnlySpan<byte> input, Span<byte> output, out ushort status)
    {
        ArgumentNullException.ThrowIfNull(partition);
        if (input.Length > MostHypercallBytes || output.Length > MostHypercallBytes)
            throw new ArgumentException($"A hypercall takes at most {MostHypercallBytes} bytes each way; these are {input.Length} and {output.Length}.");
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            var argument = new MshvRootHypercall
            {
                Code = code,
                InputSize = (ushort)input.Length,
                OutputSize = (ushort)output.Length,
                Input = (ulong)from,
                Output = (ulong)to,
            };
            Errno error = partition.Control(RootHypercallNumber, ref argument, out _);
            status = argument.Status;
            return error;
        }
    }
}
