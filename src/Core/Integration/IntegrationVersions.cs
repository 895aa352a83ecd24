// The versions of each component that Linux speaks: fw_versions, sd_versions, ts_versions, hb_versions (drivers/hv/hv_util.c),
// kvp_versions (drivers/hv/hv_kvp.c) and fcopy_versions (tools/hv/hv_fcopy_uio_daemon.c), vss_versions (drivers/hv/hv_snapshot.c).

namespace VmBus.Integration;

/// <summary>The versions this library speaks, newest first.</summary>
internal static class IntegrationVersions
{
    /// <summary>Of the framework: <c>UTIL_FW_VERSION</c>, <c>UTIL_WS2K8_FW_VERSION</c>.</summary>
    public static IReadOnlyList<IcVersion> Framework { get; } = [new(3, 0), new(1, 0)];

    /// <summary>Of heartbeats.</summary>
    public static IReadOnlyList<IcVersion> Heartbeat { get; } = [new(3, 0), new(1, 0)];

    /// <summary>Of time synchronisation. From 4.0 on messages carry the guest's reference time.</summary>
    public static IReadOnlyList<IcVersion> TimeSync { get; } = [new(4, 0), new(3, 0), new(1, 0)];

    /// <summary>Of shutdown.</summary>
    public static IReadOnlyList<IcVersion> Shutdown { get; } = [new(3, 2), new(3, 1), new(3, 0), new(1, 0)];

    /// <summary>Of key-value pairs. Not 5.0, where addresses are binary: Linux does not speak it either.</summary>
    public static IReadOnlyList<IcVersion> Kvp { get; } = [new(4, 0), new(3, 0), new(1, 0)];

    /// <summary>Of file copies.</summary>
    public static IReadOnlyList<IcVersion> FileCopy { get; } = [new(1, 1)];

    /// <summary>Of snapshots.</summary>
    public static IReadOnlyList<IcVersion> Vss { get; } = [new(5, 0)];

    /// <summary>The newest of our versions that is in a list of the other side's, read from a message.</summary>
    internal static bool TryFindCommon(IReadOnlyList<IcVersion> ours, ReadOnlySpan<IcVersion> theirs, out IcVersion common)
    {
        foreach (IcVersion version in ours)
        {
            foreach (IcVersion offered in theirs)
            {
                if (offered == version)
                {
                    common = version;
                    return true;
                }
            }
        }

        common = default;
        return false;
    }
}
