using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace VmBus.Core.Tests.Rings;

public class RingHistoryTests
{
    /// <summary>Law: whatever is done to a ring, in whatever order and form, it is a queue of packets of bounded size.</summary>
    [Property(MaxTest = 400, EndSize = 150)]
    public Property A_ring_is_a_queue_whatever_is_done_to_it() => Prop.ForAll(RingHistory.Arbitrary, history =>
    {
        using var model = new RingModel(history);
        foreach (RingCommand command in history.Commands)
            model.Run(command);
    });
}
