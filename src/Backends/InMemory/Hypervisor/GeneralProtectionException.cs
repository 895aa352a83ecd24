namespace VmBus.InMemory;

/// <summary>What a VP gets for a bad access to a model-specific register: <c>#GP</c>.</summary>
internal sealed class GeneralProtectionException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">Which register, which value, and why not.</param>
    public GeneralProtectionException(string message) : base(message)
    {
    }
}
