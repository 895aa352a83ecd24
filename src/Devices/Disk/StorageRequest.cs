// A packet of the guest while it is dealt with: its own copy, the memory it names, and the answer. What ScsiRequestAndRange is to
// OpenVMM (storvsp). Made once, used again and again.

using System.Diagnostics;
using System.Runtime.InteropServices;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Devices;

/// <summary>One of a channel's requests. Belongs to one thread at a time.</summary>
internal sealed class StorageRequest(StorageChannel channel, IGuestMemory memory) : IThreadPoolWorkItem, IScsiData
{
    private const int CommandOffset = 16;           // of vm_srb.cdb

    private readonly GuestBuffer _buffer = new(memory);
    private readonly byte[] _packet = new byte[StoragePacketHeader.PacketSize];
    private readonly byte[] _answer = new byte[StoragePacketHeader.PacketSize];
    private int _packetLength;
    private bool _isBufferGood;
    private ScsiRequestBlock _block;

    /// <summary>The guest's number of the packet.</summary>
    public ulong TransactionId { get; private set; }

    /// <summary>The packet.</summary>
    public ReadOnlySpan<byte> Packet => _packet.AsSpan(0, _packetLength);

    /// <summary>The command of an EXECUTE_SRB.</summary>
    public ReadOnlySpan<byte> Command => _packet.AsSpan(StoragePacketHeader.Size + CommandOffset, ScsiRequestBlock.CdbOrSense.CdbSize);

    /// <summary>The answer, head and body.</summary>
    public ReadOnlySpan<byte> Answer => _answer;

    /// <summary>The answer's body, to be filled where it is not a command's.</summary>
    public Span<byte> AnswerBody => _answer.AsSpan(StoragePacketHeader.Size);

    long IScsiData.Length => _block.DataTransferLength;

    bool IScsiData.IsDataIn => _block.Direction != ScsiRequestBlock.DataOut;

    bool IScsiData.TryRead(long offset, Span<byte> destination) => _buffer.TryRead(offset, destination);

    bool IScsiData.TryWrite(long offset, ReadOnlySpan<byte> source) => !channel.IsLost && _buffer.TryWrite(offset, source);

    /// <summary>Takes a packet out of its ring.</summary>
    /// <returns><see langword="false"/> when it is none of the protocol: too short to say what it wants.</returns>
    public bool TryTake(scoped in RingPacket packet)
    {
        ReadOnlySpan<byte> payload = packet.Payload;
        if (payload.Length < StoragePacketHeader.Size)
            return false;
        TransactionId = packet.TransactionId;
        _packetLength = Math.Min(payload.Length, _packet.Length);
        payload[.._packetLength].CopyTo(_packet);
        _isBufferGood = packet.Type != PacketType.DataUsingTransferPages && _buffer.Assign(packet.Type == PacketType.DataUsingGpaDirect ? packet.GpaRanges : default);
        _answer.AsSpan().Clear();
        return true;
    }

    /// <summary>Answers with a status; the body is what it was filled with.</summary>
    public void SetAnswer(NtStatus status)
    {
        var header = new StoragePacketHeader { Operation = StorageOperation.CompleteIo, Status = status };
        MemoryMarshal.Write(_answer, in header);
    }

    /// <summary>Takes an answer of its own, that was kept.</summary>
    public void SetAnswer(ulong transactionId, ReadOnlySpan<byte> answer)
    {
        TransactionId = transactionId;
        answer.CopyTo(_answer);
    }

    /// <summary>Carries out an EXECUTE_SRB and hands the answer to its channel, perhaps later. Never fails.</summary>
    public void Execute()
    {
        bool isSlow = ScsiDisk.IsSlow(Command);
        long start = Stopwatch.GetTimestamp();
        Task executing = ExecuteAsync();
        // From here on it may be another's.
        if (!isSlow && executing.IsCompleted)
            channel.Average(Stopwatch.GetTimestamp() - start);
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (channel.Flow is { } flow)
            ExecutionContext.Run(flow, static request => ((StorageRequest)request!).Execute(), this);
        else
            Execute();
    }

    private async Task ExecuteAsync()
    {
        _block = MemoryMarshal.Read<ScsiRequestBlock>(_packet.AsSpan(StoragePacketHeader.Size));
        // The memory that the packet names is what can be moved, whatever length the block says.
        ScsiOutcome outcome;
        if (!_isBufferGood || _block.DataTransferLength > _buffer.Length)
            outcome = ScsiSense.InvalidField;
        else
            outcome = await channel.Target.ExecuteAsync(in _block, this).ConfigureAwait(false);
        SetAnswer(outcome);
        channel.OnExecuted(this, outcome);
    }

    private void SetAnswer(ScsiOutcome outcome)
    {
        var answer = new ScsiRequestBlock
        {
            Length = ScsiRequestBlock.Size,
            SrbStatus = outcome.IsLunAbsent ? SrbStatus.InvalidLun : outcome.Sense is null ? SrbStatus.Success : SrbStatus.Error | SrbStatus.AutosenseValid,
            ScsiStatus = outcome.Sense is null && !outcome.IsLunAbsent ? ScsiStatus.Good : ScsiStatus.CheckCondition,
            PathId = _block.PathId,
            TargetId = _block.TargetId,
            Lun = _block.Lun,
            CdbLength = ScsiRequestBlock.CdbOrSense.CdbSize,
            SenseInfoLength = ScsiRequestBlock.CdbOrSense.Size,
            DataTransferLength = (uint)outcome.Transferred,
        };
        outcome.Sense?.WriteTo(answer.Payload);
        MemoryMarshal.Write(AnswerBody, in answer);
        SetAnswer(outcome.IsLunAbsent ? NtStatus.DeviceDoesNotExist : outcome.Sense is null ? NtStatus.Success : NtStatus.IoDeviceError);
    }
}
