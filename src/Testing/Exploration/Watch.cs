namespace VmBus.Testing;

/// <summary>Follows a scenario from outside and says what must never be. May keep what it knows in cells of its own.</summary>
internal abstract class Watch
{
    /// <summary>A thread's program has come past an access.</summary>
    /// <param name="memory">The cells, as of after it.</param>
    /// <param name="thread">Whose access.</param>
    /// <param name="access">The access.</param>
    /// <returns>What is wrong; <see langword="null"/> when nothing is.</returns>
    public virtual string? Passed(Span<byte> memory, int thread, in Access access) => null;

    /// <summary>Memory has changed: an access was performed.</summary>
    public virtual void Changed(Span<byte> memory)
    {
    }

    /// <summary>All is over: nobody can do anything more.</summary>
    /// <param name="memory">The cells.</param>
    /// <returns>What is wrong; <see langword="null"/> when nothing is.</returns>
    public virtual string? Ended(Span<byte> memory) => null;

    /// <summary>A note in words.</summary>
    public virtual string Describe(in Access note) => $"notes {note.Cell}: {note.Value}";
}
