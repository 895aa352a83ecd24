namespace VmBus.Tool;

/// <summary>The command was understood and failed: one line on standard error and exit code 1.</summary>
internal sealed class ToolException : Exception
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">One line: what failed, and what can be done about it.</param>
    public ToolException(string message) : base(message)
    {
    }

    /// <summary>Makes the error with its cause.</summary>
    /// <param name="message">One line: what failed, and what can be done about it.</param>
    /// <param name="innerException">The cause, shown by <c>--verbose</c>.</param>
    public ToolException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
