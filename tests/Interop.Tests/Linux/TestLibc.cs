// Calls that only the tests make.

using System.Runtime.InteropServices;
using VmBus.Interop.Linux;

namespace VmBus.Interop.Tests.Linux;

internal static partial class TestLibc
{
    public static int Duplicate(int descriptor)
    {
        int copy = Dup(descriptor);
        return copy < 0 ? throw ErrnoException.FromLastCall($"dup of {descriptor}") : copy;
    }

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial int Dup(int descriptor);
}
