namespace VmBus;

/// <summary>The base class of all errors that this library reports about a channel, its memory or its peer.</summary>
public abstract class VmBusException : Exception
{
    /// <summary>Creates an exception with a message.</summary>
    /// <param name="message">What went wrong, with values: which channel, which index, which limit.</param>
    protected VmBusException(string message) : base(message)
    {
    }

    /// <summary>Creates an exception with a message and its cause.</summary>
    /// <param name="message">What went wrong, with values: which channel, which index, which limit.</param>
    /// <param name="innerException">The cause.</param>
    protected VmBusException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
