// A signaller's words in real memory: struct hv_monitor_page's pending bit, the interrupt page's bit and the path.

using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

unsafe partial class ChannelSignaler
{
    /// <summary>The words of a signaller; the counts are what its adaptive policy judges.</summary>
    /// <remarks>
    /// Results of the ORs are discarded and masks are in registers, so each is a <c>lock or</c>: the form that hosts which
    /// trap the page decode on their fast path.
    /// </remarks>
    private readonly struct Control(ChannelSignaler signaler, long sent = 0, long received = 0) : ISignalControl
    {
        public bool HasMonitor => signaler._pending != null;

        public bool CanCall => Volatile.Read(ref signaler._canCall);

        public bool IsConcurrent => signaler._concurrent;

        public bool JudgeDeferring()
        {
            int route = Volatile.Read(ref signaler._route);
            return (route == AdaptiveRoute ? signaler.Judge(sent, received) : route) == MonitorRoute;
        }

        public bool LoadDeferring()
        {
            int route = Volatile.Read(ref signaler._route);
            return route == MonitorRoute || (route == AdaptiveRoute && signaler._policy.Defers);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool LoadDeferred() => Volatile.Read(ref signaler._deferred) != 0;

        public void StoreDeferred(bool value) => Volatile.Write(ref signaler._deferred, value ? 1 : 0);

        public bool TakeDeferred()
        {
            if (signaler._concurrent)
                return Interlocked.Exchange(ref signaler._deferred, 0) != 0;
            signaler._deferred = 0;
            return true;
        }

        public bool LoadUrgentWaits() => Volatile.Read(ref signaler._urgentWaits) != 0;

        public void ClearUrgentWaits() => Volatile.Write(ref signaler._urgentWaits, 0);

        public void ExchangeUrgentWaits() => Interlocked.Exchange(ref signaler._urgentWaits, 1);

        public bool LoadPending() => (Volatile.Read(ref *signaler._pending) & signaler._pendingMask) != 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void OrInterruptPage()
        {
            if (signaler._sendWord != null)
                Interlocked.Or(ref *signaler._sendWord, signaler._sendMask);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void OrPending() => Interlocked.Or(ref *signaler._pending, signaler._pendingMask);

        public void Call()
        {
            HypercallStatus status = signaler._path.Signal();
            if (status != HypercallStatus.Success)
                signaler.OnFailed(status);
        }
    }
}
