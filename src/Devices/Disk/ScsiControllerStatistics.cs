// What a SCSI controller has done.

namespace VmBus.Devices;

/// <summary>
/// The counters of a <see cref="ScsiController"/> over all its disks and channels. A snapshot: exact only while it is idle.
/// </summary>
public readonly record struct ScsiControllerStatistics
{
    /// <summary>Successful reads.</summary>
    public long Reads { get; init; }

    /// <summary>Bytes read.</summary>
    public long BytesRead { get; init; }

    /// <summary>Successful writes.</summary>
    public long Writes { get; init; }

    /// <summary>Bytes written.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Successful flushes: the data was on stable storage before the guest got the answer.</summary>
    public long Flushes { get; init; }

    /// <summary>Commands that unmapped blocks: UNMAP or WRITE SAME.</summary>
    public long Unmaps { get; init; }

    /// <summary>Other commands that succeeded.</summary>
    public long OtherCommands { get; init; }

    /// <summary>Commands that failed, including those to a LUN without a disk.</summary>
    public long FailedCommands { get; init; }

    /// <summary>Packets that are not valid in the protocol, and got no answer.</summary>
    public long RejectedPackets { get; init; }
}
