// The memory that a SCSI command moves data from or to. What RequestBuffers is to OpenVMM (scsi_buffers).

namespace VmBus.Devices;

/// <summary>The initiator's memory for one command. It may change at any time, and need not be there.</summary>
internal interface IScsiData
{
    /// <summary>How many bytes may be moved.</summary>
    long Length { get; }

    /// <summary>Whether the target may write it: READ and the like.</summary>
    bool IsDataIn { get; }

    /// <summary>Copies out of it.</summary>
    /// <returns><see langword="false"/> when not all of it is there.</returns>
    bool TryRead(long offset, Span<byte> destination);

    /// <summary>Copies into it.</summary>
    /// <returns><see langword="false"/> when not all of it is there.</returns>
    bool TryWrite(long offset, ReadOnlySpan<byte> source);
}
