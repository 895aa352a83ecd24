using VmBus.Integration;

namespace VmBus.Linux;

/// <summary>Holds back writes to a guest's volumes while its host takes a snapshot of them.</summary>
/// <remarks>
/// Called by the thread that runs the <see cref="VssDaemon"/>. Between <see cref="Freeze"/> and <see cref="Thaw"/> nothing
/// in this process can write to a frozen volume, including logs: the write would wait for a thaw that never happens.
/// </remarks>
public interface IVolumeFreezer
{
    /// <summary>Whether a backup is possible while the guest runs: <c>VSS_OP_HOT_BACKUP</c>.</summary>
    /// <returns><see cref="IcStatus.Success"/> by default.</returns>
    IcStatus CheckHotBackup() => IcStatus.Success;

    /// <summary>
    /// Holds back writes: <c>VSS_OP_FREEZE</c>, <c>FIFREEZE</c> of each volume. The host waits 15 minutes. If it fails, it must
    /// leave no volume frozen; after an exception, <see cref="Thaw"/> is called.
    /// </summary>
    /// <returns><see cref="IcStatus.Success"/>, or the reason of the failure.</returns>
    IcStatus Freeze();

    /// <summary>
    /// Resumes writes: <c>VSS_OP_THAW</c>. Also called if the host did not receive the answer to the freeze, and
    /// if the daemon ends while volumes are frozen.
    /// </summary>
    /// <returns>
    /// <see cref="IcStatus.Success"/>, or the reason of the failure; after a failure it is called again, at the latest when the
    /// daemon ends.
    /// </returns>
    IcStatus Thaw();
}
