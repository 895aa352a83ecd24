// The version of the channel protocol. Mirrors VERSION_* (Linux include/linux/hyperv.h): major in the high half,
// minor in the low half.

using System.Globalization;

namespace VmBus.Layout;

/// <summary>A version of the channel protocol, 4 bytes: major in bits 16 to 31, minor in bits 0 to 15.</summary>
/// <param name="Value">The version as in messages.</param>
public readonly record struct ProtocolVersion(uint Value) : IComparable<ProtocolVersion>
{
    private static readonly ProtocolVersion[] KnownVersions =
        [Copper, Iron, Win10Rs5, Win10Rs4, Win10Rs3V2, Win10Rs3, Win10, Win81, Win8, Win7, Ws2008];

    /// <summary>Creates a version.</summary>
    /// <param name="major">The major number.</param>
    /// <param name="minor">The minor number.</param>
    public ProtocolVersion(ushort major, ushort minor) : this((uint)major << 16 | minor)
    {
    }

    /// <summary>0.13, <c>VERSION_WS2008</c>.</summary>
    public static ProtocolVersion Ws2008 => new(0, 13);

    /// <summary>1.1, <c>VERSION_WIN7</c>: Windows Server 2008 R2.</summary>
    public static ProtocolVersion Win7 => new(1, 1);

    /// <summary>2.4, <c>VERSION_WIN8</c>: Windows Server 2012. Dedicated interrupts, and one connection id per channel.</summary>
    public static ProtocolVersion Win8 => new(2, 4);

    /// <summary>3.0, <c>VERSION_WIN8_1</c>: Windows Server 2012 R2.</summary>
    public static ProtocolVersion Win81 => new(3, 0);

    /// <summary>4.0, <c>VERSION_WIN10</c>. Socket channels.</summary>
    public static ProtocolVersion Win10 => new(4, 0);

    /// <summary>4.1, <c>VERSION_WIN10_V4_1</c>. <c>ModifyChannel</c>.</summary>
    public static ProtocolVersion Win10Rs3 => new(4, 1);

    /// <summary>5.0, <c>VERSION_WIN10_V5</c>. The host chooses the message connection; no interrupt page.</summary>
    public static ProtocolVersion Win10Rs3V2 => new(5, 0);

    /// <summary>5.1, <c>VERSION_WIN10_V5_1</c>.</summary>
    public static ProtocolVersion Win10Rs4 => new(5, 1);

    /// <summary>5.2, <c>VERSION_WIN10_V5_2</c>: Windows Server 2019. The oldest version that an isolated guest accepts.</summary>
    public static ProtocolVersion Win10Rs5 => new(5, 2);

    /// <summary>5.3, <c>VERSION_WIN10_V5_3</c>: Windows Server 2022. <c>ModifyChannelResponse</c>.</summary>
    public static ProtocolVersion Iron => new(5, 3);

    /// <summary>6.0, <c>VERSION_WIN10_V6_0</c>. <see cref="FeatureFlags"/>.</summary>
    public static ProtocolVersion Copper => new(6, 0);

    /// <summary>All known versions, newest first: the order in which a guest proposes them.</summary>
    public static IReadOnlyList<ProtocolVersion> Known => KnownVersions;

    /// <summary>The major number.</summary>
    public ushort Major => (ushort)(Value >> 16);

    /// <summary>The minor number.</summary>
    public ushort Minor => (ushort)Value;

    /// <summary>Compares by age.</summary>
    /// <param name="left">One version.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether the left is older.</returns>
    public static bool operator <(ProtocolVersion left, ProtocolVersion right) => left.Value < right.Value;

    /// <summary>Compares by age.</summary>
    /// <param name="left">One version.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether the left is newer.</returns>
    public static bool operator >(ProtocolVersion left, ProtocolVersion right) => left.Value > right.Value;

    /// <summary>Compares by age.</summary>
    /// <param name="left">One version.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether the left is older or the same.</returns>
    public static bool operator <=(ProtocolVersion left, ProtocolVersion right) => left.Value <= right.Value;

    /// <summary>Compares by age.</summary>
    /// <param name="left">One version.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether the left is newer or the same.</returns>
    public static bool operator >=(ProtocolVersion left, ProtocolVersion right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(ProtocolVersion other) => Value.CompareTo(other.Value);

    /// <summary>The version as "major.minor".</summary>
    /// <returns>The text.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");
}
