// What is negotiated over a controller's primary channel. What Protocol and ProtocolState are to OpenVMM (storvsp); the guest's
// side is storvsc_channel_init (Linux drivers/scsi/storvsc_drv.c). No I/O, no clock: a packet in, an answer out.
//
//   BEGIN_INITIALIZATION ─► QUERY_PROTOCOL_VERSION, until one is known ─► QUERY_PROPERTIES ─► END_INITIALIZATION ─► ready:
//   EXECUTE_SRB, resets, once CREATE_SUB_CHANNELS

using System.Runtime.InteropServices;

namespace VmBus.Devices;

/// <summary>What a packet asks of the device.</summary>
internal enum StorageAction
{
    /// <summary>To be told the answer.</summary>
    Answer,

    /// <summary>To carry out a SCSI command.</summary>
    Execute,

    /// <summary>To offer subchannels, and then be told the answer.</summary>
    CreateSubchannels,
}

/// <summary>How a packet is dealt with.</summary>
/// <param name="Action">What is to be done.</param>
/// <param name="Status">The status of the answer.</param>
/// <param name="Subchannels">How many subchannels are asked for.</param>
internal readonly record struct StorageAnswer(StorageAction Action, NtStatus Status = NtStatus.Success, ushort Subchannels = 0);

/// <summary>The state of a negotiation. Calls come from one thread at a time; <see cref="IsReady"/> may be read by any.</summary>
/// <param name="maxSubchannels">How many subchannels the guest may ask for.</param>
internal sealed class StorageProtocol(ushort maxSubchannels)
{
    /// <summary>The longest transfer of one request that is announced to the guest. A longer one is still carried out.</summary>
    public const int MaxTransferBytes = 512 << 10;

    private volatile State _state;

    /// <summary>How far the negotiation is.</summary>
    public enum State : byte
    {
        Begin,
        Version,
        Properties,
        End,
        Ready,
    }

    /// <summary>Whether commands are carried out.</summary>
    public bool IsReady => _state == State.Ready;

    /// <summary>How far it is.</summary>
    public State Current => _state;

    /// <summary>The version that was agreed on; 0 before.</summary>
    public ushort Version { get; private set; }

    /// <summary>How many subchannels the guest asked for and was promised.</summary>
    public ushort Subchannels { get; private set; }

    /// <summary>The guest has reopened the channel.</summary>
    public void Reset() => Restore(State.Begin, 0, 0);

    /// <summary>Goes on where another was saved.</summary>
    public void Restore(State state, ushort version, ushort subchannels)
    {
        Version = version;
        Subchannels = subchannels;
        _state = state;
    }

    /// <summary>Whether a negotiation can be there: the table of ScsiController.Saved.cs.</summary>
    public static bool IsPossible(State state, ushort version, ushort subchannels) => state switch
    {
        State.Begin or State.Version => version == 0 && subchannels == 0,
        State.Properties or State.End => IsKnown(version) && subchannels == 0,
        State.Ready => IsKnown(version),
        _ => false,
    };

    /// <summary>The subchannels that were promised cannot be had.</summary>
    public void ForgetSubchannels() => Subchannels = 0;

    /// <summary>Deals with a packet of the primary channel.</summary>
    /// <param name="packet">The packet, at least a <see cref="StoragePacketHeader"/>: the caller's own copy.</param>
    /// <param name="body">The body of the answer, of zeros: filled.</param>
    public StorageAnswer Handle(ReadOnlySpan<byte> packet, Span<byte> body)
    {
        StorageOperation operation = MemoryMarshal.Read<StoragePacketHeader>(packet).Operation;
        ReadOnlySpan<byte> asked = packet[StoragePacketHeader.Size..];
        if (_state == State.Ready)
            return HandleReady(operation, asked);
        switch (_state, operation)
        {
            case (State.Begin, StorageOperation.BeginInitialization):
                _state = State.Version;
                return new StorageAnswer(StorageAction.Answer);
            case (State.Version, StorageOperation.QueryProtocolVersion):
                return NegotiateVersion(asked, body);
            case (State.Properties, StorageOperation.QueryProperties):
                var properties = new StorageChannelProperties
                {
                    MaxChannelCount = maxSubchannels,
                    Flags = maxSubchannels > 0 ? StorageChannelProperties.SupportsMultiChannel : 0,
                    MaxTransferBytes = MaxTransferBytes,
                };
                MemoryMarshal.Write(body, in properties);
                _state = State.End;
                return new StorageAnswer(StorageAction.Answer);
            case (State.End, StorageOperation.EndInitialization):
                _state = State.Ready;
                return new StorageAnswer(StorageAction.Answer);
            default:
                return new StorageAnswer(StorageAction.Answer, NtStatus.InvalidDeviceState);
        }
    }

    /// <summary>Deals with a packet of a subchannel: the same as of the primary channel, but that nothing is negotiated there.</summary>
    /// <param name="packet">The packet, at least a <see cref="StoragePacketHeader"/>: the caller's own copy.</param>
    public StorageAnswer HandleSubchannel(ReadOnlySpan<byte> packet)
    {
        StorageOperation operation = MemoryMarshal.Read<StoragePacketHeader>(packet).Operation;
        return _state == State.Ready && operation != StorageOperation.CreateSubchannels
            ? HandleReady(operation, packet[StoragePacketHeader.Size..])
            : new StorageAnswer(StorageAction.Answer, NtStatus.InvalidDeviceState);
    }

    private static bool IsKnown(ushort version) => version is StorageProtocolVersion.V5_1 or StorageProtocolVersion.V6_0 or StorageProtocolVersion.V6_2;

    private StorageAnswer NegotiateVersion(ReadOnlySpan<byte> asked, Span<byte> body)
    {
        if (asked.Length < StorageProtocolVersion.Size)
            return new StorageAnswer(StorageAction.Answer, NtStatus.InvalidParameter);
        ushort version = MemoryMarshal.Read<StorageProtocolVersion>(asked).MajorMinor;
        var answer = new StorageProtocolVersion { MajorMinor = version };
        MemoryMarshal.Write(body, in answer);
        if (!IsKnown(version))
            return new StorageAnswer(StorageAction.Answer, NtStatus.RevisionMismatch);
        Version = version;
        _state = State.Properties;
        return new StorageAnswer(StorageAction.Answer);
    }

    private StorageAnswer HandleReady(StorageOperation operation, ReadOnlySpan<byte> asked)
    {
        switch (operation)
        {
            case StorageOperation.ExecuteSrb:
                return asked.Length < ScsiRequestBlock.Size ? new StorageAnswer(StorageAction.Answer, NtStatus.InvalidParameter) : new StorageAnswer(StorageAction.Execute);
            case StorageOperation.ResetLun or StorageOperation.ResetAdapter or StorageOperation.ResetBus:
                // What is under way ends as it would have: the guest waits for it (storvsc_host_reset_handler).
                return new StorageAnswer(StorageAction.Answer);
            case StorageOperation.CreateSubchannels:
                ushort count = asked.Length < sizeof(ushort) ? ushort.MaxValue : MemoryMarshal.Read<ushort>(asked);
                if (count > maxSubchannels)
                    return new StorageAnswer(StorageAction.Answer, NtStatus.InvalidParameter);
                if (Subchannels != 0)
                    return new StorageAnswer(StorageAction.Answer, NtStatus.InvalidDeviceState);
                Subchannels = count;
                return new StorageAnswer(count == 0 ? StorageAction.Answer : StorageAction.CreateSubchannels, NtStatus.Success, count);
            default:
                return new StorageAnswer(StorageAction.Answer, NtStatus.InvalidDeviceState);
        }
    }
}
