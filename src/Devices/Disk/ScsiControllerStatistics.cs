// What a SCSI controller has done.

namespace VmBus.Devices;

/// <summary>What a <see cref="ScsiController"/> has done, over all its disks and channels. A snapshot: exact only while it is at rest.</summary>
public readonly record struct ScsiControllerStatistics
{
    /// <summary>Reads that succeeded.</summary>
    public long Reads { get; init; }

    /// <summary>Bytes they moved.</summary>
    public long BytesRead { get; init; }

    /// <summary>Writes that succeeded.</summary>
    public long Writes { get; init; }

    /// <summary>Bytes they moved.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Flushes that succeeded: the data were on stable storage when the guest was told.</summary>
    public long Flushes { get; init; }

    /// <summary>Commands that gave blocks back, UNMAP or WRITE SAME.</summary>
    public long Unmaps { get; init; }

    /// <summary>Other commands that succeeded.</summary>
    public long OtherCommands { get; init; }

    /// <summary>Commands that failed, those to a LUN without a disk among them.</summary>
    public long FailedCommands { get; init; }

    /// <summary>Packets that were none of the protocol, and were not answered.</summary>
    public long RejectedPackets { get; init; }
}
