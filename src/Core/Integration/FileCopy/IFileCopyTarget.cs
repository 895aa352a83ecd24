namespace VmBus.Integration;

/// <summary>Where a guest puts the files that its host copies: what the file system is to hv_fcopy_uio_daemon.</summary>
/// <remarks>Called by the thread that handles the guest's messages; what it throws ends the service.</remarks>
public interface IFileCopyTarget
{
    /// <summary>Begins a file. Nothing of it is seen under its name yet.</summary>
    /// <param name="request">What the host wants. Nothing in it can be trusted.</param>
    /// <param name="file">The file, unless it is refused.</param>
    /// <returns>Success, or why it is refused.</returns>
    FileCopyVerdict Begin(FileCopyRequest request, out IFileCopyFile? file);
}
