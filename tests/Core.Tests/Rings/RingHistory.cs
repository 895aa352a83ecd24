using FsCheck;
using FsCheck.Fluent;

namespace VmBus.Core.Tests.Rings;

/// <summary>Where a ring starts, in which form, and all that is done to it. Shrinks to the commands that matter.</summary>
internal sealed record RingHistory(RingForm Form, PeerTrust Trust, bool MultiProducer, uint StartAt, RingCommand[] Commands)
{
    public static Arbitrary<RingHistory> Arbitrary { get; } = Arb.From(
        from form in Gen.Elements(RingFixture.Forms)
        from trust in Gen.Elements(Enum.GetValues<PeerTrust>())
        from multi in Gen.Elements(true, false)
        from at in Gen.Choose(0, 511)
        from commands in Gen.ListOf(RingCommand.Generator)
        select new RingHistory(form, trust, multi, (uint)at * 8, [.. commands]),
        history => Shorter(history.Commands).Select(commands => history with { Commands = commands }));

    public override string ToString()
        => $"{Form}, {Trust}, {(MultiProducer ? "multi" : "single")} producer, from {StartAt}:\n  {string.Join("\n  ", Commands.AsEnumerable())}";

    /// <summary>The same list with a run left out: long runs first.</summary>
    internal static IEnumerable<T[]> Shorter<T>(T[] list)
    {
        for (int run = list.Length; run > 0; run /= 2)
        {
            for (int at = 0; at + run <= list.Length; at += run)
                yield return [.. list[..at], .. list[(at + run)..]];
        }
    }
}
