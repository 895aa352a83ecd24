namespace VmBus.Integration;

/// <summary>The result of a file copy.</summary>
/// <param name="Status">
/// <see cref="IcStatus.Success"/> if the file is complete; otherwise why the guest refused or abandoned it.
/// </param>
/// <param name="Bytes">Bytes that the guest accepted.</param>
public readonly record struct FileCopyResult(IcStatus Status, ulong Bytes);
