// How events name this guest and this start of it, as cloud-init finds it out.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>The VM's id and the second in which the guest was started.</summary>
/// <param name="root">Where the file systems of the kernel are mounted.</param>
/// <param name="clock">The clock.</param>
internal sealed class KvpGuestIdentity(string root = "/", TimeProvider? clock = null)
{
    /// <summary>
    /// The VM's id: the SMBIOS's, of which a VM without UEFI (generation 1, whose SMBIOS is older than 2.6) has the first three fields
    /// turned round. <see langword="null"/> where it cannot be read: it needs root.
    /// </summary>
    public Guid? VmId()
    {
        if (Read("sys/class/dmi/id/product_uuid") is not { } text || !Guid.TryParse(text.Trim(), out Guid id))
            return null;
        return Directory.Exists(Path.Combine(root, "sys/firmware/efi")) ? id : new Guid(id.ToByteArray(), bigEndian: true);
    }

    /// <summary>The second since 1970 in which the guest was started; 0 where it cannot be read.</summary>
    public long Incarnation()
    {
        string? uptime = Read("proc/uptime")?.Split(' ')[0];
        if (!double.TryParse(uptime, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) || !double.IsFinite(seconds))
            return 0;
        double now = ((clock ?? TimeProvider.System).GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        return Math.Max(0, (long)(now - seconds));
    }

    private string? Read(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(root, path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;  // told as not known
        }
    }
}
