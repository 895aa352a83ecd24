namespace VmBus.Protocol;

/// <summary>
/// A file is not a recording, or it is damaged. Messages read before are valid. The reader stops, and each further
/// call throws the same error.
/// </summary>
public sealed class RecordingCorruptException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="fault">What was wrong.</param>
    /// <param name="offset">The offset of the invalid field in the file, in bytes.</param>
    /// <param name="value">The invalid value.</param>
    /// <param name="limit">The expected value, or the limit that was exceeded.</param>
    internal RecordingCorruptException(RecordingFault fault, long offset, ulong value, ulong limit)
        : base(Describe(fault, offset, value, limit))
    {
        Fault = fault;
        Offset = offset;
        Value = value;
        Limit = limit;
    }

    /// <summary>What was wrong.</summary>
    internal RecordingFault Fault { get; }

    /// <summary>The offset of the invalid field in the file, in bytes.</summary>
    public long Offset { get; }

    /// <summary>The invalid value.</summary>
    public ulong Value { get; }

    /// <summary>The expected value, or the limit that was exceeded.</summary>
    public ulong Limit { get; }

    private static string Describe(RecordingFault fault, long offset, ulong value, ulong limit) => fault switch
    {
        RecordingFault.NotARecording => "The file is not a recording: its header is invalid.",
        RecordingFault.UnknownVersion => $"The recording is of version {value}; this reader knows version {limit}.",
        RecordingFault.ChecksumDiffers => $"The recording is damaged at byte {offset}: the checksum is 0x{value:X8}, the data has 0x{limit:X8}.",
        RecordingFault.ImpossibleStart => $"The recording is damaged at byte {offset}: it begins at tick {value}; {limit} is the last.",
        RecordingFault.LengthOverLimit => $"The recording is damaged at byte {offset}: {value} bytes of a message; the maximum is {limit}.",
        RecordingFault.LengthsDisagree => $"The recording is damaged at byte {offset}: {limit} bytes are kept of a message that had {value}.",
        RecordingFault.UnknownDirection => $"The recording is damaged at byte {offset}: direction {value}; the highest is {limit}.",
        RecordingFault.UnknownMessageFault => $"The recording is damaged at byte {offset}: message fault {value}; the highest known is {limit}.",
        RecordingFault.ImpossibleTime => $"The recording is damaged at byte {offset}: time {value} (100 ns); it must be from the time before it, {limit}, to {long.MaxValue}.",
        RecordingFault.ReservedNotZero => $"The recording is damaged at byte {offset}: {value} instead of zero.",
        _ => $"The recording is damaged at byte {offset} ({fault}, {value}, {limit}).",
    };
}
