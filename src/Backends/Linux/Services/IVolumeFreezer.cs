using VmBus.Integration;

namespace VmBus.Linux;

/// <summary>Holds back writes to a guest's volumes while its host takes a snapshot of them.</summary>
/// <remarks>
/// Called by the thread that runs the <see cref="VssDaemon"/>. Between <see cref="Freeze"/> and <see cref="Thaw"/> nothing
/// that this process does may write to a frozen volume, logs included: it would wait for a thaw that never comes.
/// </remarks>
public interface IVolumeFreezer
{
    /// <summary>Whether a backup can be made while the guest runs: <c>VSS_OP_HOT_BACKUP</c>.</summary>
    /// <returns><see cref="IcStatus.Success"/> by default.</returns>
    IcStatus CheckHotBackup() => IcStatus.Success;

    /// <summary>
    /// Holds back writes: <c>VSS_OP_FREEZE</c>, <c>FIFREEZE</c> of each volume. The host waits 15 minutes. A failure must leave
    /// nothing frozen; an exception is followed by <see cref="Thaw"/>.
    /// </summary>
    /// <returns><see cref="IcStatus.Success"/>, or why not.</returns>
    IcStatus Freeze();

    /// <summary>
    /// Lets writes through again: <c>VSS_OP_THAW</c>. Also called when the host did not learn that volumes are frozen, and
    /// when the daemon ends while they are.
    /// </summary>
    /// <returns><see cref="IcStatus.Success"/>, or why not; then it is called again at the latest when the daemon ends.</returns>
    IcStatus Thaw();
}
