namespace VmBus.Testing;

/// <summary>One thread of a scenario: a few bytes of local state, and segments of straight-line code over them.</summary>
/// <param name="name">As it appears in schedules.</param>
internal abstract class Actor(string name)
{
    public string Name { get; } = name;

    /// <summary>Whether it may be left waiting at the end: a hypervisor that has nothing more to do.</summary>
    public bool IsDaemon { get; init; }

    /// <summary>The actor's way to memory.</summary>
    public ModelThread Thread { get; } = new();

    /// <summary>
    /// Runs the segment that the locals ask for and leaves in them where to go on. Run many times over: nothing but the
    /// locals and the results of its accesses may influence it. No loop may depend on the result of an access.
    /// </summary>
    /// <param name="locals">All that the actor remembers from one segment to the next; zeros at first.</param>
    /// <returns><see langword="false"/> when the actor has ended.</returns>
    public abstract bool Run(Span<byte> locals);
}
