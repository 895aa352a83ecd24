namespace VmBus.Integration;

/// <summary>A file copy that ended.</summary>
/// <param name="Request">What the host wanted; <see langword="null"/> when its names could not be read.</param>
/// <param name="Outcome">How it ended. Of all but <see cref="FileCopyOutcome.Completed"/> nothing is left.</param>
/// <param name="Verdict">What the host was answered last, and why.</param>
/// <param name="Bytes">Bytes that came.</param>
/// <param name="Duration">From its beginning to its end.</param>
public sealed record FileCopyReport(FileCopyRequest? Request, FileCopyOutcome Outcome, FileCopyVerdict Verdict, ulong Bytes, TimeSpan Duration);
