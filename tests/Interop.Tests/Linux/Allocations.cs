// How many bytes an action allocates on the managed heap, once it has run before.

namespace VmBus.Interop.Tests.Linux;

internal static class Allocations
{
    public static long Of(Action action)
    {
        for (int i = 0; i < 100; i++)
            action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
