// A logical unit: carries out the commands that Linux's sd and Windows' disk driver ask for (SBC-3, SPC-4). What SimpleScsiDisk is
// to OpenVMM (scsidisk). What a command moves beyond the answers goes through ScsiBlocks.

namespace VmBus.Devices;

/// <summary>A disk at a LUN. Commands may run beside each other.</summary>
/// <param name="device">Where its blocks are.</param>
/// <param name="id">What tells it apart from other disks.</param>
internal sealed class ScsiDisk(IBlockDevice device, Guid id)
{
    private readonly ScsiBlocks _blocks = new(device);

    /// <summary>Whether a command may take as long as the storage below takes: a flush, a hole.</summary>
    public static bool IsSlow(ReadOnlySpan<byte> block)
    {
        var command = new ScsiCommand(block);
        return command.Operation switch
        {
            ScsiOperation.SynchronizeCache10 or ScsiOperation.SynchronizeCache16 or ScsiOperation.Unmap or ScsiOperation.WriteSame16 => true,
            ScsiOperation.Read10 or ScsiOperation.Read12 or ScsiOperation.Read16 or ScsiOperation.Write10 or ScsiOperation.Write12 or ScsiOperation.Write16
                => command.HasForceUnitAccess,
            _ => false,
        };
    }

    /// <summary>Carries out a command.</summary>
    /// <param name="block">Its 16 bytes: the caller's own copy.</param>
    /// <param name="data">Where its data go to or come from.</param>
    public ValueTask<ScsiOutcome> ExecuteAsync(ReadOnlySpan<byte> block, IScsiData data)
    {
        var command = new ScsiCommand(block);
        switch (command.Operation)
        {
            case ScsiOperation.Read10 or ScsiOperation.Read16 or ScsiOperation.Read6 or ScsiOperation.Read12:
                return command.HasProtection
                    ? new(ScsiSense.InvalidField) : _blocks.ReadAsync(command.Lba, command.BlockCount, command.HasForceUnitAccess, data);
            case ScsiOperation.Write10 or ScsiOperation.Write16 or ScsiOperation.Write6 or ScsiOperation.Write12:
                return command.HasProtection
                    ? new(ScsiSense.InvalidField) : _blocks.WriteAsync(command.Lba, command.BlockCount, command.HasForceUnitAccess, data);
            case ScsiOperation.SynchronizeCache10 or ScsiOperation.SynchronizeCache16:
                return _blocks.FlushAsync(command.Lba, command.BlockCount);
            case ScsiOperation.Unmap:
                return (command.Flags & 1) != 0 ? new(ScsiSense.InvalidField) : _blocks.UnmapAsync(command.AllocationLength, data);
            case ScsiOperation.WriteSame16:
                return (command.Flags & 0xF0) != 0
                    ? new(ScsiSense.InvalidField)
                    : _blocks.WriteSameAsync(command.Lba, command.BlockCount, unmap: (command.Flags & 0x08) != 0, hasData: (command.Flags & 0x01) == 0, data);
            case ScsiOperation.Verify10 or ScsiOperation.Verify16:
                // Without a comparison.
                return new((command.Flags & 0xE6) != 0 ? ScsiSense.InvalidField : _blocks.Check(command.Lba, command.BlockCount) is { } outside ? outside : ScsiOutcome.Good);
            case ScsiOperation.TestUnitReady or ScsiOperation.StartStop:
                return new(ScsiOutcome.Good);
            default:
                return new(Describe(command, data));
        }
    }

    // What a disk says of itself.
    private ScsiOutcome Describe(ScsiCommand command, IScsiData data)
    {
        Span<byte> page = stackalloc byte[ScsiPages.MaxLength];
        const byte EnableVitalProductData = 0x01, ReadCapacity16 = 0x10;
        int length;
        switch (command.Operation)
        {
            case ScsiOperation.Inquiry when (command.Flags & EnableVitalProductData) != 0:
                length = ScsiPages.WriteVitalProductData(page, command.Page, id, _blocks.CanUnmap);
                break;
            case ScsiOperation.Inquiry:
                length = command.Page == 0 ? ScsiPages.WriteInquiry(page, isPresent: true) : 0;
                break;
            case ScsiOperation.ModeSense6 or ScsiOperation.ModeSense10:
                length = ScsiPages.WriteModeSense(page, command.Operation == ScsiOperation.ModeSense10, command.Page, command[3], _blocks.IsReadOnly);
                break;
            case ScsiOperation.ReadCapacity10:
                length = ScsiPages.WriteCapacity10(page, _blocks.Count);
                break;
            case ScsiOperation.ServiceActionIn16 when (command.Flags & 0x1F) == ReadCapacity16:
                length = ScsiPages.WriteCapacity16(page, _blocks.Count, _blocks.CanUnmap);
                break;
            case ScsiOperation.RequestSense:
                new ScsiSense(SenseKey.None, 0).WriteTo(page);
                length = ScsiSense.Size;
                break;
            default:
                return ScsiSense.InvalidOperation;
        }
        return length == 0 ? ScsiSense.InvalidField : Answer(page[..length], command.AllocationLength, data);
    }

    /// <summary>Gives an answer, cut at what was asked for.</summary>
    public static ScsiOutcome Answer(ReadOnlySpan<byte> page, int allocationLength, IScsiData data)
    {
        ReadOnlySpan<byte> wanted = page[..Math.Min(page.Length, allocationLength)];
        if (wanted.IsEmpty)
            return ScsiOutcome.Good;
        if (!data.IsDataIn)
            return ScsiSense.InvalidField;
        // A guest that names less memory than its command gets what fits there, as from an adapter.
        wanted = wanted[..(int)Math.Min(wanted.Length, data.Length)];
        return data.TryWrite(0, wanted) ? new ScsiOutcome(wanted.Length) : ScsiSense.DataPhaseError;
    }
}
