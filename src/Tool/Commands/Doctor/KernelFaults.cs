// Faults of Linux's VMBus drivers that a user of this command meets, by the kernel's version. Distributions carry fixes back: a version that is
// named here may be sound.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>What is known of kernels.</summary>
internal static class KernelFaults
{
    private static readonly (Func<Version, bool> Has, string Fault)[] Known =
    [
        (version => version < new Version(6, 2), "uio_hv_generic does not bind a channel without a monitor (\"vmbus channel requires hypercall\")."),
        (version => version < new Version(6, 2), "The kernel oopses (hv_uio_rescind) when the host takes a device away that was bound to uio_hv_generic and returned to its driver."),
        (version => version < new Version(6, 12) || version >= new Version(6, 13) && version < new Version(6, 15),
            "uio_hv_generic looks for the interrupt of a subchannel at a device that does not exist: do not wait on subchannels."),
        (version => version < new Version(6, 12, 41) || version >= new Version(6, 13) && version < new Version(6, 15),
            "The ring file of a subchannel says 4 MiB whatever its rings are: how much the kernel maps is found by trying."),
        (version => version.Major == 6 && version.Minor is 1 or 12, "rmmod hv_vmbus hangs the guest; rmmod hv_utils, unbind and bind do not."),
        (version => version.Major == 6 && version.Minor is 1 or 12, "A host that asks hv_kvp_daemon for one pair gets an empty value; an enumeration gets it. vmbus kvp --serve answers both."),
        (version => version.Major == 6 && version.Minor == 1, "A socket that the host takes away while its close waits can stay in sysfs for good (hvs_close_timeout)."),
    ];

    /// <summary>The faults of a kernel.</summary>
    /// <param name="release">Its release, as <c>uname -r</c> prints it.</param>
    /// <returns>A sentence each; <see langword="null"/> when the release says no version.</returns>
    public static IReadOnlyList<string>? Of(string release) => ParseVersion(release) is { } version ? [.. Known.Where(one => one.Has(version)).Select(one => one.Fault)] : null;

    // 6.12.57+deb13-amd64, 6.1.0-28-amd64, 5.15.167.4-microsoft-standard-WSL2: at most three numbers, up to the first other character.
    private static Version? ParseVersion(string release)
    {
        string[] parts = release.Split('.', '-', '+', '_', ' ');
        int[] numbers = [.. parts.TakeWhile(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _)).Take(3).Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        return numbers.Length < 2 ? null : new Version(numbers[0], numbers[1], numbers.Length > 2 ? numbers[2] : 0);
    }
}
