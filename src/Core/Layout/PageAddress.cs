// What every view over a raw page demands of the page's address.

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

internal static unsafe class PageAddress
{
    public static byte* Check(nint address, [CallerArgumentExpression(nameof(address))] string name = "")
    {
        if (address == 0)
            throw new ArgumentException("A page view needs the address of a page, not zero.", name);
        if ((address & 7) != 0)
            throw new ArgumentException($"The page at 0x{address:x} is not 8-byte aligned.", name);

        return (byte*)address;
    }
}
