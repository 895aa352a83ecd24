// A word that a thread sleeps on while it has a certain value: futex(2) on Linux, a monitor elsewhere.

using System.Runtime.InteropServices;
using VmBus.Interop;

namespace VmBus.Hosting;

internal sealed class GateWord
{
    // The word has a pair of cache lines to itself on either side: adjacent lines are fetched in pairs.
    private const int Padding = 32;

    private readonly int[] _words = GC.AllocateArray<int>(2 * Padding, pinned: true);
    private readonly nint _address;
    private readonly object _sleepers = new();

    public GateWord() => _address = Marshal.UnsafeAddrOfPinnedArrayElement(_words, Padding);

    public ref int Value => ref _words[Padding];

    // Returns when woken, when the time is up, at once when the value is another, or for no reason at all.
    public void WaitWhile(int value, TimeSpan timeout)
    {
        if (OperatingSystem.IsLinux())
        {
            Futex.Wait(_address, value, timeout);
            return;
        }
        lock (_sleepers)
        {
            // Wake takes the lock after the value has changed: either it is seen here, or the pulse comes to the wait.
            if (Volatile.Read(ref Value) != value)
                return;
            // Monitor counts in milliseconds and rounds down; the caller would spin through the last one.
            Monitor.Wait(_sleepers, timeout == Timeout.InfiniteTimeSpan ? timeout : TimeSpan.FromMilliseconds(Math.Ceiling(timeout.TotalMilliseconds)));
        }
    }

    public void Wake()
    {
        if (OperatingSystem.IsLinux())
        {
            Futex.Wake(_address, 1);
            return;
        }
        lock (_sleepers)
            Monitor.PulseAll(_sleepers);
    }
}
