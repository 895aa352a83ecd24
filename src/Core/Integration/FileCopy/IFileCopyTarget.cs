namespace VmBus.Integration;

/// <summary>
/// Where a guest stores the files that its host copies; the counterpart of the file system in hv_fcopy_uio_daemon.
/// </summary>
/// <remarks>Called by the thread that handles the guest's messages. An exception ends the service.</remarks>
public interface IFileCopyTarget
{
    /// <summary>Begins a file. It is not visible under its name yet.</summary>
    /// <param name="request">The host's request. Its values are not trusted.</param>
    /// <param name="file">The file, unless it is refused.</param>
    /// <returns>Success, or the reason of the refusal.</returns>
    FileCopyVerdict Begin(FileCopyRequest request, out IFileCopyFile? file);
}
