// The bytes of an offer and of an open request that belong to the device: MAX_USER_DEFINED_BYTES (Linux include/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>120 bytes that belong to the device.</summary>
[InlineArray(Size)]
internal struct UserDefinedData
{
    /// <summary>How many bytes there are: <c>MAX_USER_DEFINED_BYTES</c>.</summary>
    public const int Size = 120;

    private byte _byte0;
}
