using System.Reflection;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>What is tried with an <see cref="EndedCase"/>, whatever system it needs: used after its end, used beside it, ended twice at once.</summary>
internal static class EndedTrials
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The public members that a row must name: methods, less those that end it.</summary>
    public static IEnumerable<string> MethodsOf(Type type) => type.GetMethods(BindingFlags.Public | BindingFlags.Instance)
        .Where(method => !method.IsSpecialName && method.DeclaringType!.Assembly == type.Assembly && method.Name is not ("Dispose" or "DisposeAsync"))
        .Select(method => method.Name)
        .Distinct(StringComparer.Ordinal);

    /// <summary>What a user may read of it, whatever has become of it.</summary>
    public static IEnumerable<PropertyInfo> PropertiesOf(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.GetMethod is { IsPublic: true } && property.DeclaringType!.Assembly == type.Assembly && !property.PropertyType.IsByRefLike);

    /// <summary>Used after its end: each member does what is documented. On its own, so that what it made is garbage when it is counted.</summary>
    public static async Task TryAsync(Func<Task<EndedCase>> make, bool isSave = false)
    {
        await using EndedCase made = await make();
        Read(made.Subject);
        await made.Ends[0]().WaitAsync(Patience.Limit, Token);
        for (int again = 0; again < 2; again++)
        {
            foreach (EndedCase.Use use in made.Uses)
            {
                Exception? thrown = await Record.ExceptionAsync(() => Task.Run(use.Call, Token).WaitAsync(Patience.Limit, Token));
                Assert.True(use.Thrown is null ? thrown is null : use.Thrown.IsInstanceOfType(thrown),
                    $"{use.Name} should {(use.Thrown is null ? "answer" : $"throw {use.Thrown.Name}")}, and did {thrown?.ToString() ?? "answer"}.");
            }

            Read(made.Subject);
            foreach (Func<Task> end in made.Ends.Skip(1).Append(made.Ends[0]))
            {
                // A save is an end that is no end of what has ended.
                Exception? thrown = await Record.ExceptionAsync(() => end().WaitAsync(Patience.Limit, Token));
                Assert.True(thrown is null || (isSave && thrown is InvalidOperationException), thrown?.ToString());
            }
        }
    }

    // What it says of itself can be asked at any time.
    private static void Read(object subject)
    {
        foreach (PropertyInfo property in PropertiesOf(subject.GetType()))
        {
            try
            {
                property.GetValue(subject);
            }
            catch (TargetInvocationException failure)
            {
                Assert.True(failure.InnerException is ObjectDisposedException or NotSupportedException, $"{property.Name} threw {failure.InnerException}");
            }
        }
    }

    /// <summary>Both ends are at it within the same few instructions.</summary>
    public static async Task EndTwiceAtOnceAsync(Func<Task<EndedCase>> make)
    {
        await using EndedCase made = await make();
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

            End(isSave: false, made.Ends[0]);
        }
    }

    /// <summary>Used by some threads while two others end it.</summary>
    public static async Task RaceAsync(Func<Task<EndedCase>> make, bool isSave, int round, Random dice)
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
