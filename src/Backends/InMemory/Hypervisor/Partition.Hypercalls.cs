// The hypercalls a partition makes: HvCallSignalEvent and HvCallPostMessage in all their forms, and the direct ones of
// the root. Order of the checks and statuses: TLFS, pages of the calls.

using System.Runtime.InteropServices;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

internal sealed partial class Partition
{
    private const uint HypervisorMessageBit = 0x8000_0000;
    private const int InputAlignment = 8;

    /// <summary>Signals an event: <c>HvCallSignalEvent</c>. Allocates nothing.</summary>
    /// <param name="connectionId">The connection, 24 bits.</param>
    /// <param name="flagNumber">The flag, relative to the port's base flag.</param>
    /// <returns>
    /// <see cref="HypercallStatus.Success"/>; <see cref="HypercallStatus.AccessDenied"/> without the privilege;
    /// <see cref="HypercallStatus.InvalidParameter"/> for reserved bits or a flag the port does not have;
    /// <see cref="HypercallStatus.InvalidConnectionId"/>; <see cref="HypercallStatus.InvalidPortId"/> when the port is
    /// deleted or takes no events; <see cref="HypercallStatus.InvalidSynicState"/> when the target's SynIC, event-flags
    /// page or SINT is off.
    /// </returns>
    public HypercallStatus HvSignalEvent(uint connectionId, ushort flagNumber = 0)
    {
        if ((Privileges & PartitionPrivileges.SignalEvents) == 0)
            return HypercallStatus.AccessDenied;
        if (connectionId > MaxConnectionId)
            return HypercallStatus.InvalidParameter;
        return _connections.TryGetValue(connectionId, out Connection? connection)
            ? connection.Port.Signal(flagNumber)
            : HypercallStatus.InvalidConnectionId;
    }

    /// <summary>The fast form of <see cref="HvSignalEvent"/>: the input in a register.</summary>
    /// <param name="input">See <see cref="SignalEventInput.ToRegister"/>.</param>
    public HypercallStatus HvSignalEventFast(ulong input) => SignalEvent(SignalEventInput.FromRegister(input));

    /// <summary>The slow form of <see cref="HvSignalEvent"/>: the input in memory.</summary>
    /// <param name="gpa">The guest physical address of a <see cref="SignalEventInput"/>.</param>
    /// <returns>
    /// As there; <see cref="HypercallStatus.InvalidAlignment"/> when not 8-byte aligned, and
    /// <see cref="HypercallStatus.InvalidHypercallInput"/> when there is no such memory.
    /// </returns>
    public HypercallStatus HvSignalEventFromMemory(ulong gpa)
    {
        HypercallStatus status = ReadInput(gpa, out SignalEventInput input);
        return status == HypercallStatus.Success ? SignalEvent(input) : status;
    }

    /// <summary>Posts a message: <c>HvCallPostMessage</c>.</summary>
    /// <param name="connectionId">The connection, 24 bits.</param>
    /// <param name="messageType">The type: not 0, bit 31 clear.</param>
    /// <param name="payload">The payload, at most 240 bytes.</param>
    /// <returns>
    /// As <see cref="HvSignalEvent"/>, and <see cref="HypercallStatus.InsufficientBuffers"/> when all of
    /// the port's buffers hold messages that wait.
    /// </returns>
    public HypercallStatus HvPostMessage(uint connectionId, SynicMessageType messageType, ReadOnlySpan<byte> payload)
    {
        if ((Privileges & PartitionPrivileges.PostMessages) == 0)
            return HypercallStatus.AccessDenied;
        if (connectionId > MaxConnectionId || messageType == SynicMessageType.None
            || ((uint)messageType & HypervisorMessageBit) != 0 || payload.Length > SynicMessagePayload.Size)
        {
            return HypercallStatus.InvalidParameter;
        }
        return _connections.TryGetValue(connectionId, out Connection? connection)
            ? connection.Port.Post(messageType, payload)
            : HypercallStatus.InvalidConnectionId;
    }

    /// <summary>The slow form of <see cref="HvPostMessage"/>, the only one there is: the input in memory.</summary>
    /// <param name="gpa">The guest physical address of a <see cref="PostMessageInput"/>.</param>
    /// <returns>
    /// As there; <see cref="HypercallStatus.InvalidAlignment"/> when not 8-byte aligned or across a page boundary, and
    /// <see cref="HypercallStatus.InvalidHypercallInput"/> when there is no such memory.
    /// </returns>
    public HypercallStatus HvPostMessageFromMemory(ulong gpa)
    {
        HypercallStatus status = ReadInput(gpa, out PostMessageInput input);
        if (status != HypercallStatus.Success)
            return status;
        if ((Privileges & PartitionPrivileges.PostMessages) == 0)
            return HypercallStatus.AccessDenied;
        if (input.Reserved != 0 || input.PayloadSize > SynicMessagePayload.Size)
            return HypercallStatus.InvalidParameter;
        return HvPostMessage(input.ConnectionId, input.MessageType, MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)input.Payload)[..(int)input.PayloadSize]);
    }

    /// <summary>Makes a hypercall as the hypercall page would: by its control word and its input register.</summary>
    /// <param name="control">The control word.</param>
    /// <param name="input">The input itself for a fast call, otherwise its guest physical address.</param>
    /// <returns>
    /// The call's status; <see cref="HypercallStatus.InvalidHypercallCode"/> for a call not known here, and
    /// <see cref="HypercallStatus.InvalidHypercallInput"/> for a control word that does not suit the call.
    /// </returns>
    public HypercallStatus Hypercall(HypercallControl control, ulong input)
    {
        if (control.Code is not (HypercallCode.SignalEvent or HypercallCode.PostMessage))
            return HypercallStatus.InvalidHypercallCode;
        if (control.IsNested || control.VariableHeaderSize != 0 || control.RepCount != 0 || control.RepStart != 0)
            return HypercallStatus.InvalidHypercallInput;
        return (control.Code, control.IsFast) switch
        {
            (HypercallCode.SignalEvent, true) => HvSignalEventFast(input),
            (HypercallCode.SignalEvent, false) => HvSignalEventFromMemory(input),
            (HypercallCode.PostMessage, false) => HvPostMessageFromMemory(input),
            _ => HypercallStatus.InvalidHypercallInput,
        };
    }

    /// <summary>
    /// Sets an event flag of another partition's VP without port or connection: <c>HvCallSignalEventDirect</c>. Only the
    /// root may.
    /// </summary>
    /// <param name="target">The partition.</param>
    /// <param name="vpIndex">The VP.</param>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <param name="flag">The event flag, 0 to 2047.</param>
    /// <param name="newlySignalled">Whether the flag was clear, so that the VP was interrupted.</param>
    public HypercallStatus HvSignalEventDirect(Partition target, int vpIndex, int sint, int flag, out bool newlySignalled)
    {
        newlySignalled = false;
        HypercallStatus status = CheckDirect(target, vpIndex, sint);
        if (status != HypercallStatus.Success)
            return status;
        return (uint)flag < SynicEventFlags.FlagCount
            ? target._virtualProcessors[vpIndex].Synic.SignalEvent(sint, flag, out newlySignalled)
            : HypercallStatus.InvalidParameter;
    }

    /// <summary>
    /// Writes a message into the message slot of another partition's VP: <c>HvCallPostMessageDirect</c>. Only the root may.
    /// </summary>
    /// <param name="target">The partition.</param>
    /// <param name="vpIndex">The VP.</param>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <param name="messageType">The type: not 0.</param>
    /// <param name="payload">The payload, at most 240 bytes.</param>
    /// <returns>The status; <see cref="HypercallStatus.ObjectInUse"/> while the slot is full.</returns>
    public HypercallStatus HvPostMessageDirect(Partition target, int vpIndex, int sint, SynicMessageType messageType, ReadOnlySpan<byte> payload)
    {
        HypercallStatus status = CheckDirect(target, vpIndex, sint);
        if (status != HypercallStatus.Success)
            return status;
        if (messageType == SynicMessageType.None || payload.Length > SynicMessagePayload.Size)
            return HypercallStatus.InvalidParameter;
        return target._virtualProcessors[vpIndex].Synic.PostDirect(sint, MessageSlot.Compose(messageType, (ulong)Id, payload));
    }

    private HypercallStatus SignalEvent(SignalEventInput input)
    {
        if ((Privileges & PartitionPrivileges.SignalEvents) == 0)
            return HypercallStatus.AccessDenied;
        return input.Reserved == 0 ? HvSignalEvent(input.ConnectionId, input.FlagNumber) : HypercallStatus.InvalidParameter;
    }

    private HypercallStatus CheckDirect(Partition target, int vpIndex, int sint)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (!IsRoot)
            return HypercallStatus.AccessDenied;
        if ((uint)vpIndex >= (uint)target._virtualProcessors.Length)
            return HypercallStatus.InvalidVpIndex;
        return (uint)sint < SynicMsr.SintCount ? HypercallStatus.Success : HypercallStatus.InvalidParameter;
    }

    // A copy, because the caller may change its input while it is looked at.
    private HypercallStatus ReadInput<T>(ulong gpa, out T input) where T : unmanaged
    {
        input = default;
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (gpa % InputAlignment != 0 || gpa % GuestMemory.PageSize + (ulong)size > GuestMemory.PageSize)
            return HypercallStatus.InvalidAlignment;
        if (!Memory.Contains(gpa, size))
            return HypercallStatus.InvalidHypercallInput;
        input = MemoryMarshal.Read<T>(Memory.Bytes(gpa, size));
        return HypercallStatus.Success;
    }
}
