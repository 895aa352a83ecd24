// Somebody who waits on a channel, as Channel.WaitToRead and WaitToWrite walk SignalFanout, in segments.

using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>Waits until what it waits for is there.</summary>
/// <param name="name">As it appears in schedules.</param>
/// <param name="waiter">Which of the waiters.</param>
/// <param name="view">The fan-out, or a mutant of it.</param>
internal sealed class Waiter(string name, int waiter, Func<ModelThread, ModelFanout> view) : Actor(name)
{
    private enum At : byte { Look, Join, Lead, StopLeading, Follow }

    private ModelFanout? _fanout;

    public override bool Run(Span<byte> locals)
    {
        _fanout ??= view(Thread);
        ref byte at = ref locals[0];
        ref byte ticket = ref locals[1];
        switch ((At)at)
        {
            case At.Look:
                if (_fanout.LooksAndTakesTicket(waiter, out uint taken))
                    return false;
                ticket = (byte)taken;
                at = (byte)At.Join;
                return true;

            case At.Join:
                Thread.Lock(ModelFanout.Lock);
                FanoutSeat seat = _fanout.Join(ticket);
                if (seat == FanoutSeat.Follow)
                    _fanout.Follow(waiter);
                Thread.Release(ModelFanout.Lock, 0);
                at = (byte)(seat switch { FanoutSeat.None => At.Look, FanoutSeat.Lead => At.Lead, _ => At.Follow });
                return true;

            case At.Lead:
                Thread.Take(ModelFanout.Event);
                at = (byte)At.StopLeading;
                return true;

            case At.StopLeading:
                Thread.Lock(ModelFanout.Lock);
                _fanout.StopLeading();
                Thread.Release(ModelFanout.Lock, 0);
                at = (byte)At.Look;
                return true;

            default:
                Thread.Take(ModelFanout.Semaphore + waiter);
                at = (byte)At.Look;
                return true;
        }
    }
}
