// How a SCSI command ended. Sense data in fixed format: SPC-4, 4.5.3 (struct scsi_sense_hdr in Linux include/scsi/scsi_common.h).

namespace VmBus.Devices;

/// <summary>The kinds of failure: the sense key.</summary>
internal enum SenseKey : byte
{
    None = 0x0,
    NotReady = 0x2,
    MediumError = 0x3,
    HardwareError = 0x4,
    IllegalRequest = 0x5,
    DataProtect = 0x7,
    AbortedCommand = 0xB,
}

/// <summary>Why a command failed: the sense key, and the additional sense code with its qualifier.</summary>
/// <param name="Key">The kind.</param>
/// <param name="Code">ASC in the high byte, ASCQ in the low one.</param>
internal readonly record struct ScsiSense(SenseKey Key, ushort Code)
{
    /// <summary>Bytes of sense data in fixed format.</summary>
    public const int Size = 18;

    public static readonly ScsiSense InvalidOperation = new(SenseKey.IllegalRequest, 0x2000);
    public static readonly ScsiSense OutOfRange = new(SenseKey.IllegalRequest, 0x2100);
    public static readonly ScsiSense InvalidField = new(SenseKey.IllegalRequest, 0x2400);
    public static readonly ScsiSense ParameterListLength = new(SenseKey.IllegalRequest, 0x1A00);
    public static readonly ScsiSense InvalidParameter = new(SenseKey.IllegalRequest, 0x2600);
    public static readonly ScsiSense LunNotSupported = new(SenseKey.IllegalRequest, 0x2500);
    public static readonly ScsiSense WriteProtected = new(SenseKey.DataProtect, 0x2700);
    public static readonly ScsiSense SpaceAllocationFailed = new(SenseKey.DataProtect, 0x2707);
    public static readonly ScsiSense ReadError = new(SenseKey.MediumError, 0x1100);
    public static readonly ScsiSense WriteError = new(SenseKey.MediumError, 0x0C00);
    public static readonly ScsiSense TargetFailure = new(SenseKey.HardwareError, 0x4400);
    public static readonly ScsiSense DataPhaseError = new(SenseKey.AbortedCommand, 0x4B00);

    /// <summary>Writes it as sense data in fixed format, current error.</summary>
    /// <param name="destination">At least <see cref="Size"/> bytes, of zeros.</param>
    public void WriteTo(Span<byte> destination)
    {
        destination[0] = 0x70;
        destination[2] = (byte)Key;
        destination[7] = Size - 8;
        destination[12] = (byte)(Code >> 8);
        destination[13] = (byte)Code;
    }
}

/// <summary>How a command ended: with bytes moved, or with a reason.</summary>
/// <param name="Transferred">How many bytes were moved.</param>
/// <param name="Sense">Why it failed; <see langword="null"/> when it did not.</param>
/// <param name="IsLunAbsent">Whether it failed because nothing is at its LUN.</param>
internal readonly record struct ScsiOutcome(long Transferred, ScsiSense? Sense = null, bool IsLunAbsent = false)
{
    public static readonly ScsiOutcome Good = new(0);
    public static readonly ScsiOutcome LunAbsent = new(0, null, true);

    public static implicit operator ScsiOutcome(ScsiSense sense) => new(0, sense);
}
