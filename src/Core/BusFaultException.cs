namespace VmBus;

/// <summary>
/// A bus met an internal error: a bug in this library, or in its backend. The bus stops: pending and later calls throw
/// this exception. It can still be disposed.
/// </summary>
public sealed class BusFaultException : VmBusException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">The unexpected error.</param>
    public BusFaultException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
