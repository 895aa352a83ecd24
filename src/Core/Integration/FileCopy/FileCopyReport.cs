namespace VmBus.Integration;

/// <summary>A file copy that ended.</summary>
/// <param name="Request">The host's request; <see langword="null"/> if its names could not be read.</param>
/// <param name="Outcome">How it ended. Unless <see cref="FileCopyOutcome.Completed"/>, no data of the file is left.</param>
/// <param name="Verdict">The last answer to the host, and its reason.</param>
/// <param name="Bytes">Bytes received.</param>
/// <param name="Duration">The duration of the copy.</param>
public sealed record FileCopyReport(FileCopyRequest? Request, FileCopyOutcome Outcome, FileCopyVerdict Verdict, ulong Bytes, TimeSpan Duration);
