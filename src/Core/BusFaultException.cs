namespace VmBus;

/// <summary>
/// A bus met an error that must not be: a mistake of this library, or of the backend below it. The bus does no more; everything that waited for it ends with this, later calls throw it, and disposing it still works.
/// </summary>
public sealed class BusFaultException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">The unexpected error.</param>
    public BusFaultException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
