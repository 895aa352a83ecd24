namespace VmBus.Integration;

/// <summary>What a guest made of a file.</summary>
/// <param name="Status"><see cref="IcStatus.Success"/> when the file is there, whole; otherwise why the guest refused it or gave it up.</param>
/// <param name="Bytes">Bytes that the guest took.</param>
public readonly record struct FileCopyResult(IcStatus Status, ulong Bytes);
