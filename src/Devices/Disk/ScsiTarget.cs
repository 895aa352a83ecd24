// The logical units behind a controller, by LUN: path 0, target 0. What ScsiController is to OpenVMM (storvsp).

using System.Buffers.Binary;

namespace VmBus.Devices;

/// <summary>The LUNs of a controller. Thread-safe.</summary>
internal sealed class ScsiTarget
{
    /// <summary>How many LUNs there can be: as many as Hyper-V gives a controller.</summary>
    public const int MaxLuns = 64;

    private readonly AttachedLun?[] _luns = new AttachedLun?[MaxLuns];

    /// <summary>Puts a disk at a LUN.</summary>
    /// <returns><see langword="false"/> when there is one.</returns>
    public bool TryAttach(int lun, ScsiDisk disk) => Interlocked.CompareExchange(ref _luns[lun], new AttachedLun(disk), null) is null;

    /// <summary>Takes a disk away.</summary>
    /// <returns>Ends when none of its commands is under way; <see langword="null"/> when there is no disk.</returns>
    public Task? Detach(int lun) => Interlocked.Exchange(ref _luns[lun], null)?.EndAsync();

    /// <summary>Carries out a command.</summary>
    /// <param name="request">The request: the caller's own copy.</param>
    /// <param name="data">Where its data go to or come from.</param>
    public ValueTask<ScsiOutcome> ExecuteAsync(in ScsiRequestBlock request, IScsiData data)
    {
        ReadOnlySpan<byte> block = ((ReadOnlySpan<byte>)request.Payload)[..ScsiRequestBlock.CdbOrSense.CdbSize];
        int length = ScsiCommand.LengthOf(block[0]);
        if (request.CdbLength is 0 or > ScsiRequestBlock.CdbOrSense.CdbSize || request.CdbLength < length)
            return new(ScsiSense.InvalidField);
        bool isHere = request.PathId == 0 && request.TargetId == 0;
        if ((ScsiOperation)block[0] == ScsiOperation.ReportLuns)
            return new(ReportLuns(new ScsiCommand(block), isHere, data));
        if (isHere && request.Lun < MaxLuns && Volatile.Read(ref _luns[request.Lun]) is { } lun && lun.TryEnter())
        {
            ValueTask<ScsiOutcome> executing = lun.Disk.ExecuteAsync(block, data);
            if (!executing.IsCompletedSuccessfully)
                return AwaitAsync(executing, lun);
            lun.Leave();
            return executing;
        }
        return new(AnswerWithoutLun(new ScsiCommand(block), data));
    }

    private static async ValueTask<ScsiOutcome> AwaitAsync(ValueTask<ScsiOutcome> executing, AttachedLun lun)
    {
        try
        {
            return await executing.ConfigureAwait(false);
        }
        finally
        {
            lun.Leave();
        }
    }

    // A guest looks for disks at every path, target and LUN: without this qualifier it finds ghosts (Linux scsi_probe_and_add_lun).
    private static ScsiOutcome AnswerWithoutLun(ScsiCommand command, IScsiData data)
    {
        if (command.Operation != ScsiOperation.Inquiry)
            return ScsiOutcome.LunAbsent;
        if (command.Flags != 0 || command.Page != 0)
            return ScsiSense.LunNotSupported;
        Span<byte> page = stackalloc byte[ScsiPages.MaxLength];
        return ScsiDisk.Answer(page[..ScsiPages.WriteInquiry(page, isPresent: false)], command.AllocationLength, data);
    }

    private ScsiOutcome ReportLuns(ScsiCommand command, bool isHere, IScsiData data)
    {
        if (command.Page > 2)
            return ScsiSense.InvalidField;
        const int HeadLength = 8, EntryLength = 8;
        Span<byte> list = stackalloc byte[HeadLength + MaxLuns * EntryLength];
        int length = HeadLength;
        // Page 1 asks for well-known logical units alone, and there is none.
        for (int lun = 0; lun < MaxLuns && isHere && command.Page != 1; lun++)
        {
            if (Volatile.Read(ref _luns[lun]) is null)
                continue;
            list[length + 1] = (byte)lun;           // peripheral device addressing
            length += EntryLength;
        }
        BinaryPrimitives.WriteUInt32BigEndian(list, (uint)(length - HeadLength));
        return ScsiDisk.Answer(list[..length], command.AllocationLength, data);
    }

    /// <summary>A disk at its LUN, and how many commands are under way.</summary>
    private sealed class AttachedLun(ScsiDisk disk)
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _uses = 1;                      // the LUN's own use is one

        public ScsiDisk Disk { get; } = disk;

        public bool TryEnter()
        {
            for (int uses = Volatile.Read(ref _uses); uses != 0;)
            {
                int seen = Interlocked.CompareExchange(ref _uses, uses + 1, uses);
                if (seen == uses)
                    return true;
                uses = seen;
            }
            return false;
        }

        public void Leave()
        {
            if (Interlocked.Decrement(ref _uses) == 0)
                _ended.TrySetResult();
        }

        public Task EndAsync()
        {
            Leave();
            return _ended.Task;
        }
    }
}
