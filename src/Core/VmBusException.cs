namespace VmBus;

/// <summary>The base of every error this library reports about a channel, its memory or its peer.</summary>
public abstract class VmBusException : Exception
{
    /// <summary>Makes an error with a message.</summary>
    /// <param name="message">What went wrong, with the numbers: which channel, which index, which limit.</param>
    protected VmBusException(string message) : base(message)
    {
    }

    /// <summary>Makes an error with a message and its cause.</summary>
    /// <param name="message">What went wrong, with the numbers: which channel, which index, which limit.</param>
    /// <param name="innerException">The cause.</param>
    protected VmBusException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
