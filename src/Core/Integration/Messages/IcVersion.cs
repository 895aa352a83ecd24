// A version of an integration component. Mirrors ic_version (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>A version of an integration component's framework or messages: <c>ic_version</c>, 4 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct IcVersion
{
    /// <summary>The size of a version in bytes.</summary>
    public const int Size = 4;

    /// <summary><c>major</c>.</summary>
    public ushort Major;

    /// <summary><c>minor</c>.</summary>
    public ushort Minor;

    /// <summary>Makes a version.</summary>
    /// <param name="major">The first number.</param>
    /// <param name="minor">The second.</param>
    public IcVersion(ushort major, ushort minor)
    {
        Major = major;
        Minor = minor;
    }

    /// <summary>The version as people write it: 3.0.</summary>
    public override readonly string ToString() => $"{Major}.{Minor}";
}
