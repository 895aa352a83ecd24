namespace VmBus.Tool;

/// <summary>The command line asks for something that cannot be: one line on standard error and exit code 2.</summary>
internal sealed class UsageException : Exception
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">One line: the option, what is wrong with it, and what would be right.</param>
    public UsageException(string message) : base(message)
    {
    }
}
