// What a synthetic keyboard and its guest tell each other, little-endian, in in-band packets. As in Linux
// drivers/input/serio/hyperv-keyboard.c.

namespace VmBus.Samples;

/// <summary>The first word of each message. Behind it:</summary>
internal enum KeyboardMessageType : uint
{
    /// <summary>From the guest: u32 version.</summary>
    ProtocolRequest = 1,

    /// <summary>From the host: u32, of which bit 0 says that the version is accepted.</summary>
    ProtocolResponse = 2,

    /// <summary>From the host: u16 make code, u16 reserved, u32 <see cref="KeystrokeFlags"/>.</summary>
    Event = 3,

    /// <summary>From the guest: u16 LEDs.</summary>
    LedIndicators = 4,
}

/// <summary>What a keystroke is, beyond its code.</summary>
[Flags]
internal enum KeystrokeFlags : uint
{
    None = 0,
    Unicode = 1,
    Break = 2,
    E0 = 4,
    E1 = 8,
}

/// <summary>The one version there is, and how long messages are.</summary>
internal static class KeyboardProtocol
{
    public const uint Version1 = 1 << 16;
    public const int KeystrokeLength = 12;

    // Type and value: the response, and what the guest sends. Its LEDs are 6 bytes, which the ring pads to 8.
    public const int MessageLength = 8;
}
