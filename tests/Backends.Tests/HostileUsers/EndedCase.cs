namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>
/// A public object that can end, every way to end it, and every public method of it with what it is documented to do after
/// the end.
/// </summary>
internal sealed class EndedCase(object subject) : IAsyncDisposable
{
    private readonly List<Func<Task>> _ends = [];
    private readonly List<Use> _uses = [];
    private readonly List<Func<Task>> _rest = [];

    public object Subject { get; } = subject;

    /// <summary>The first ends it; whatever comes after it, and again, must do nothing.</summary>
    public IReadOnlyList<Func<Task>> Ends => _ends;

    public IReadOnlyList<Use> Uses => _uses;

    /// <summary>How many threads may use it while another ends it.</summary>
    public int UsersAtOnce { get; private set; } = 3;

    public EndedCase EndedBy(Action end) => EndedBy(Now(end));

    public EndedCase EndedBy(Func<Task> end)
    {
        _ends.Add(end);
        return this;
    }

    /// <summary>Throws <see cref="ObjectDisposedException"/> after the end.</summary>
    public EndedCase Throws(string name, Action use) => Throws(name, Now(use));

    public EndedCase Throws(string name, Func<Task> use) => Throws<ObjectDisposedException>(name, use);

    public EndedCase Throws<TException>(string name, Action use) where TException : Exception => Throws<TException>(name, Now(use));

    /// <summary>Throws this after the end.</summary>
    public EndedCase Throws<TException>(string name, Func<Task> use) where TException : Exception
    {
        _uses.Add(new Use(name, use, typeof(TException)));
        return this;
    }

    /// <summary>Still answers after the end.</summary>
    public EndedCase Answers(string name, Action use) => Answers(name, Now(use));

    public EndedCase Answers(string name, Func<Task> use)
    {
        _uses.Add(new Use(name, use, null));
        return this;
    }

    /// <summary>Its documentation lets so many threads use it, while another ends it.</summary>
    public EndedCase UsedAtOnceBy(int users)
    {
        UsersAtOnce = users;
        return this;
    }

    /// <summary>What a test gives back in the end; the last comes first.</summary>
    public EndedCase After(Action rest) => After(Now(rest));

    public EndedCase After(Func<Task> rest)
    {
        _rest.Add(rest);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        for (int step = _rest.Count - 1; step >= 0; step--)
            await _rest[step]();
    }

    // A call that throws at once and one whose task fails are the same to a test.
    private static Func<Task> Now(Action call) => () =>
    {
        call();
        return Task.CompletedTask;
    };

    internal sealed record Use(string Name, Func<Task> Call, Type? Thrown);
}
