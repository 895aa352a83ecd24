using System.Runtime.Versioning;
using VmBus.Backends.Tests.Shared;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>
/// Each public type that ends, used by some threads while two others end it: every call ends, and in what is documented; no
/// end throws, and nothing is left open or mapped.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class EndRaceTests
{
    private const int Rounds = 40;

    public static TheoryData<string> Rows => [.. EndedCases.All.Keys.Where(row => !EndedCases.EndedAlone.ContainsKey(EndedCases.TypeOf(row)))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_use_beside_an_end_ends_as_documented(string row)
    {
        OpenResources before = OpenResources.Count();
        var dice = new Random(7);
        for (int round = 0; round < Rounds; round++)
            await RaceAsync(EndedCases.All[row], EndedCases.IsSave(row), round, dice);
        before.AssertUnchanged();
    }

    // Of what ends by nothing but a flag that says it has: both must be at it within the same few instructions.
    [Theory]
    [InlineData("InMemoryChannel")]
    [InlineData("SharedHost")]
    [InlineData("SharedGuest")]
    [InlineData("KernelChannel")]
    [InlineData("ConversationRecorder")]
    [InlineData("KvpDaemon: never run")]
    public async Task Two_ends_at_the_same_moment_are_one(string row)
    {
        OpenResources before = OpenResources.Count();
        for (int round = 0; round < 400; round++)
        {
            await using EndedCase made = await EndedCases.All[row]();
            int here = 0;
            Background first = Background.Run(Both), second = Background.Run(Both);
            first.Join();
            second.Join();

            void Both()
            {
                Interlocked.Increment(ref here);
                while (Volatile.Read(ref here) < 2)
                {
                }

                End(EndedCases.IsSave(row), made.Ends[0]);
            }
        }

        before.AssertUnchanged();
    }

    internal static async Task RaceAsync(Func<Task<EndedCase>> make, bool isSave, int round, Random dice)
    {
        await using EndedCase made = await make();
        EndedCase.Use[] uses = [.. Enumerable.Range(0, made.UsersAtOnce).Select(_ => made.Uses[dice.Next(made.Uses.Count)])];
        using var ready = new Barrier(uses.Length + 2);
        bool isEnded = false;
        List<Background> threads = [.. uses.Select(use => Background.Run(() =>
        {
            ready.SignalAndWait(Token);
            // Until it meets the end, and once more behind it.
            while (Do(use) is not ObjectDisposedException && !Volatile.Read(ref isEnded))
                Thread.Yield();
            SpinWait.SpinUntil(() => Volatile.Read(ref isEnded), Patience.Limit);
            Do(use);
        }))];
        int delay = dice.Next(3000);
        // Two ends, most often by two of its ways.
        for (int ender = 0; ender < 2; ender++)
        {
            Func<Task> end = made.Ends[(ender + round) % made.Ends.Count];
            threads.Add(Background.Run(() =>
            {
                ready.SignalAndWait(Token);
                Thread.SpinWait(delay);
                End(isSave, end);
            }));
        }

        threads[^1].Join();
        threads[^2].Join();
        // Whichever were raced, it has ended after all of them.
        foreach (Func<Task> end in made.Ends)
            End(isSave, end);
        Volatile.Write(ref isEnded, true);
        foreach (Background thread in threads)
            thread.Join();
    }

    private static Exception? Do(EndedCase.Use use)
    {
        Exception? thrown = Record.Exception(() => use.Call().WaitAsync(Patience.Limit, Token).GetAwaiter().GetResult());
        Assert.True(thrown is null or ObjectDisposedException or InvalidOperationException or VmBusException or NotSupportedException or TaskCanceledException,
            $"{use.Name} threw {thrown}");
        return thrown;
    }

    // A save is an end that finds no connection where another end was first.
    private static void End(bool isSave, Func<Task> end)
    {
        Exception? thrown = Record.Exception(() => end().WaitAsync(Patience.Limit, Token).GetAwaiter().GetResult());
        Assert.True(thrown is null || (isSave && thrown is InvalidOperationException), thrown?.ToString());
    }
}
