namespace VmBus.Testing;

/// <summary>
/// The other end of a channel differed from a <see cref="ChannelScript"/>. The message lists the packets so far.
/// </summary>
public sealed class ChannelScriptException : VmBusException
{
    internal ChannelScriptException(int step, string message, Exception cause)
        : base(message, cause) => Step = step;

    /// <summary>The step that failed, counted from 1.</summary>
    public int Step { get; }
}
