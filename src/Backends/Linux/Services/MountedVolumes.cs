// Freezes and thaws what is mounted. Mirrors hv_vss_daemon (Linux tools/hv/hv_vss_daemon.c: vss_operate).

using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>
/// Holds back writes to all file systems on disks by <c>FIFREEZE</c>. Needs root. Volumes are opened before the first is frozen and
/// thawed by the same descriptors, so that no path of a frozen one is looked up. What is frozen stays so when the process is killed: what
/// runs it is to thaw then (<c>fsfreeze --unfreeze</c>).
/// </summary>
/// <remarks>A volume that cannot be frozen, such as FAT, is left out; one that another process has frozen is left for that process to thaw.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class MountedVolumes : IVolumeFreezer
{
    private readonly Func<IReadOnlyList<string>> _find;
    private readonly Func<string, IFreezableVolume?> _open;
    private readonly Stack<IFreezableVolume> _frozen = new();

    /// <summary>Freezes what the kernel says is mounted.</summary>
    public MountedVolumes() : this(static () => MountedVolume.Find(File.ReadAllLines(MountedVolume.MountInfo)), MountedVolume.Open)
    {
    }

    /// <summary>Freezes the given volumes.</summary>
    /// <param name="find">Where volumes are mounted, in the order in which they are frozen.</param>
    /// <param name="open">Opens one; <see langword="null"/> when it is gone.</param>
    internal MountedVolumes(Func<IReadOnlyList<string>> find, Func<string, IFreezableVolume?> open)
    {
        _find = find;
        _open = open;
    }

    /// <inheritdoc/>
    public IcStatus Freeze()
    {
        if (_frozen.Count > 0)
            return IcStatus.Fail;
        Queue<IFreezableVolume> volumes = new();
        try
        {
            foreach (string path in _find())
            {
                if (_open(path) is { } volume)
                    volumes.Enqueue(volume);
            }

            while (volumes.TryDequeue(out IFreezableVolume? volume))
            {
                Errno error = volume.Freeze();
                if (error == Errno.None)
                {
                    _frozen.Push(volume);
                    continue;
                }

                volume.Dispose();
                if (error is not (Errno.NotSupported or Errno.Busy or Errno.NoSuchControl))
                {
                    Thaw();
                    return IcStatus.Fail;
                }
            }

            return IcStatus.Success;
        }
        finally
        {
            foreach (IFreezableVolume volume in volumes)
                volume.Dispose();
        }
    }

    /// <inheritdoc/>
    public IcStatus Thaw()
    {
        IcStatus status = IcStatus.Success;
        List<IFreezableVolume> left = [];
        while (_frozen.TryPop(out IFreezableVolume? volume))
        {
            // Another process may have thawed it.
            if (volume.Thaw() is Errno.None or Errno.InvalidArgument)
            {
                volume.Dispose();
                continue;
            }

            status = IcStatus.Fail;
            left.Add(volume);
        }

        left.Reverse();
        left.ForEach(_frozen.Push);
        return status;
    }
}
