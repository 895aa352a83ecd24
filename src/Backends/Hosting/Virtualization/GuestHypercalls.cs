// The hypercalls of a guest that its hypervisor leaves to its host: HvCallPostMessage, and HvCallSignalEvent where the
// hypervisor does not turn it into an event. Order of the checks and statuses: TLFS, pages of the calls.

using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Hosting;

/// <summary>Answers hypercalls. Thread-safe: each VP calls on its own thread. Nothing that a guest passes is trusted.</summary>
internal sealed class GuestHypercalls(GuestMemory memory)
{
    private const int InputAlignment = 8;
    private const uint HypervisorMessageBit = 0x8000_0000;

    private readonly ConcurrentDictionary<uint, GuestConnection> _connections = new();
    private long _refused;

    /// <summary>How many calls were answered with anything but success.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Puts something behind a connection.</summary>
    /// <returns>Disposed to take the connection away.</returns>
    /// <exception cref="InvalidOperationException">It is already in use.</exception>
    public Undo Connect(uint connectionId, GuestConnection connection)
    {
        if (!_connections.TryAdd(connectionId, connection))
            throw new InvalidOperationException($"Connection {connectionId} is already in use.");
        return new Undo(() => _connections.TryRemove(connectionId, out _));
    }

    /// <summary>How often a connection was signalled.</summary>
    /// <returns>How often; <see langword="null"/> when there is no such connection.</returns>
    public long? GetSignals(uint connectionId) => _connections.TryGetValue(connectionId, out GuestConnection? connection) ? connection.Signals : null;

    /// <summary>How many of a connection's signals came by the monitor page.</summary>
    /// <returns>How many; <see langword="null"/> when there is no such connection.</returns>
    public long? GetMonitored(uint connectionId) => _connections.TryGetValue(connectionId, out GuestConnection? connection) ? connection.Monitored : null;

    /// <summary>Makes a call.</summary>
    /// <param name="control">Its control word.</param>
    /// <param name="input">The input of a fast call, otherwise its guest physical address.</param>
    public HypercallStatus Call(HypercallControl control, ulong input)
    {
        HypercallStatus status = Decide(control, input);
        if (status != HypercallStatus.Success)
            Interlocked.Increment(ref _refused);
        return status;
    }

    private HypercallStatus Decide(HypercallControl control, ulong input)
    {
        if (control.Code is not (HypercallCode.SignalEvent or HypercallCode.PostMessage))
            return HypercallStatus.InvalidHypercallCode;
        if (control.IsNested || control.VariableHeaderSize != 0 || control.RepCount != 0 || control.RepStart != 0)
            return HypercallStatus.InvalidHypercallInput;
        if (control.Code == HypercallCode.PostMessage)
            return control.IsFast ? HypercallStatus.InvalidHypercallInput : PostMessage(input);

        SignalEventInput signal = SignalEventInput.FromRegister(input);
        if (!control.IsFast && Read(input, out signal) is var status and not HypercallStatus.Success)
            return status;
        if (signal.Reserved != 0)
            return HypercallStatus.InvalidParameter;
        return SignalEvent(signal.ConnectionId, signal.FlagNumber, isMonitored: false);
    }

    /// <summary>Signals a connection for a bit of the guest's monitor page.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="flagNumber">The flag: connections of channels have one.</param>
    public HypercallStatus SignalMonitored(uint connectionId, ushort flagNumber) => SignalEvent(connectionId, flagNumber, isMonitored: true);

    private HypercallStatus SignalEvent(uint connectionId, ushort flagNumber, bool isMonitored)
    {
        if (!_connections.TryGetValue(connectionId, out GuestConnection? connection))
            return HypercallStatus.InvalidConnectionId;
        if (!connection.TakesEvents)
            return HypercallStatus.InvalidPortId;
        if (flagNumber != 0)
            return HypercallStatus.InvalidParameter;
        if (isMonitored)
            connection.SignalMonitored();
        else
            connection.Signal();
        return HypercallStatus.Success;
    }

    private HypercallStatus PostMessage(ulong gpa)
    {
        HypercallStatus status = Read(gpa, out PostMessageInput input);
        if (status != HypercallStatus.Success)
            return status;
        if (input.Reserved != 0 || input.PayloadSize > SynicMessagePayload.Size || input.MessageType == SynicMessageType.None
            || ((uint)input.MessageType & HypervisorMessageBit) != 0)
        {
            return HypercallStatus.InvalidParameter;
        }
        if (!_connections.TryGetValue(input.ConnectionId, out GuestConnection? connection))
            return HypercallStatus.InvalidConnectionId;
        return connection.Messages is { } messages
            ? messages(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)input.Payload)[..(int)input.PayloadSize])
            : HypercallStatus.InvalidPortId;
    }

    // A copy, because the guest may change its input while it is looked at.
    private HypercallStatus Read<T>(ulong gpa, out T input) where T : unmanaged
    {
        input = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref input));
        if (gpa % InputAlignment != 0 || gpa % GuestMemory.PageSize + (ulong)bytes.Length > GuestMemory.PageSize)
            return HypercallStatus.InvalidAlignment;
        return memory.TryRead(gpa, bytes) ? HypercallStatus.Success : HypercallStatus.InvalidHypercallInput;
    }
}
